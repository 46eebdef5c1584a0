// SPDX-License-Identifier: MIT
#include <afd/distributed/launch.hpp>
//
#include <map>
#include <optional>
#include <string>

#include "support/doctest.hpp"

namespace {

using Variables = std::map<std::string, std::string>;

afd::Launch launch_of(const Variables& variables) {
  return afd::detail::launch_of([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  });
}

void refuses(const Variables& variables, const char* why) {
  CHECK_THROWS_WITH_AS(static_cast<void>(launch_of(variables)), doctest::Contains(why), afd::ConfigError);
}

}  // namespace

TEST_SUITE_BEGIN("distributed");

TEST_CASE("a program that nobody launched is one process") {
  CHECK(launch_of({}) == afd::Launch{});
}

TEST_CASE("torchrun's variables") {
  const afd::Launch launch = launch_of({{"RANK", "3"},
                                        {"WORLD_SIZE", "8"},
                                        {"LOCAL_RANK", "1"},
                                        {"MASTER_ADDR", "one.example"},
                                        {"MASTER_PORT", "12345"}});
  CHECK(launch == afd::Launch{3, 8, 1, "one.example", 12345, "torchrun"});
}

TEST_CASE("mpirun's variables") {
  CHECK(launch_of({{"OMPI_COMM_WORLD_RANK", "1"},
                   {"OMPI_COMM_WORLD_SIZE", "2"},
                   {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                   {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}}) == afd::Launch{1, 2, 1, "127.0.0.1", 29500, "Open MPI"});
  CHECK(launch_of({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", "0"}, {"MASTER_ADDR", "a"}}) ==
        afd::Launch{0, 2, 0, "a", 29500, "MPICH"});
  const Variables two_machines{
      {"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  refuses(two_machines, "mpirun -x MASTER_ADDR");
}

TEST_CASE("srun's variables, which a batch script has only in part") {
  const Variables batch{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}, {"SLURM_LOCALID", "0"}};
  CHECK(launch_of(batch) == afd::Launch{});
  CHECK(launch_of({{"SLURM_PROCID", "2"},
                   {"SLURM_STEP_NUM_TASKS", "4"},
                   {"SLURM_LOCALID", "0"},
                   {"SLURM_STEP_NODELIST", "node[07-08,12]"}}) == afd::Launch{2, 4, 0, "node07", 29500, "Slurm"});
  CHECK(afd::detail::first_host("a1,b[2-3]") == "a1");
  CHECK(afd::detail::first_host("gpu[9]") == "gpu9");
  CHECK(afd::detail::first_host("alone") == "alone");
}

TEST_CASE("whoever sets torchrun's variables is heard before the others") {
  CHECK(launch_of({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"SLURM_PROCID", "1"}, {"SLURM_STEP_NUM_TASKS", "9"}}).size ==
        2);
}

TEST_CASE("variables that cannot be are refused by name") {
  refuses({{"RANK", "0"}}, "RANK is set, but WORLD_SIZE is not");
  refuses({{"WORLD_SIZE", "2"}}, "WORLD_SIZE is set, but RANK is not");
  refuses({{"RANK", "2"}, {"WORLD_SIZE", "2"}}, "RANK must be a number from 0 to 1, but is \"2\"");
  refuses({{"RANK", "one"}, {"WORLD_SIZE", "2"}}, "RANK must be a number");
  refuses({{"RANK", "0 "}, {"WORLD_SIZE", "2"}}, "RANK must be a number");
  refuses({{"RANK", "0"}, {"WORLD_SIZE", "0"}}, "WORLD_SIZE must be a number from 1");
  refuses({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "70000"}}, "MASTER_PORT must be a number from 1 to");
}

TEST_SUITE_END();
