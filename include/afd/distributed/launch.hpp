// SPDX-License-Identifier: MIT
#pragma once

// Which of several processes this one is, as whoever started them says it. Torch-free; POSIX.

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

struct Launch;

namespace detail {

/// Reads variables through `get(name)`, a std::optional<std::string>.
template <class Get>
[[nodiscard]] Launch launch_of(const Get& get);

}  // namespace detail

/// One of `size` processes that train together. All know rank 0's address and port, where they meet.
struct Launch {
  std::int64_t rank = 0;
  std::int64_t size = 1;
  std::int64_t local_rank = 0;  ///< among those of this machine: the number of the card to take
  std::string address = "127.0.0.1";
  std::uint16_t port = 29500;
  std::string launcher = "none";  ///< whose variables these are

  /// Of torchrun, and of all who set its variables (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT); else of
  /// Open MPI's or MPICH's mpirun; else of Slurm's srun; else one process alone. MASTER_ADDR and MASTER_PORT count with
  /// each. Throws ConfigError for variables that say half of it, or what cannot be.
  [[nodiscard]] static Launch from_environment() {
    return detail::launch_of([](const char* name) {
      const char* const value = std::getenv(name);
      return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    });
  }

  friend bool operator==(const Launch&, const Launch&) = default;
};

namespace detail {

[[nodiscard]] inline std::int64_t launch_number(const std::string& name, const std::string& text, std::int64_t least,
                                                std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem == std::errc() && end == text.data() + text.size() && number >= least && number <= most) return number;
  throw ConfigError(concat("the environment variable ", name, " must be a number from ", least, " to ", most,
                           ", but is \"", text, '"'));
}

/// The first host of a list as Slurm writes it: "node[07-09,12],login1" begins with node07.
[[nodiscard]] inline std::string first_host(std::string_view list) {
  const std::size_t open = list.find('['), comma = list.find(',');
  if (open == std::string_view::npos || comma < open) return std::string(list.substr(0, comma));
  const std::string_view numbers = list.substr(open + 1);
  return concat(list.substr(0, open), numbers.substr(0, numbers.find_first_of("-,]")));
}

/// The variables of one launcher.
struct LaunchNames {
  const char* launcher;
  const char* rank;
  const char* size;
  const char* local_rank;
};

inline constexpr LaunchNames known_launchers[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK"},
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
    {"MPICH", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"},
    // Of a step: a batch script has SLURM_PROCID, too, but is one process.
    {"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"},
};

template <class Get>
Launch launch_of(const Get& get) {
  constexpr std::int64_t most_processes = 1 << 20, most_port = 65535;
  Launch launch;
  for (const LaunchNames& names : known_launchers) {
    const auto rank = get(names.rank), size = get(names.size);
    const bool is_slurm = std::string_view(names.launcher) == "Slurm";
    if (!size && (!rank || is_slurm)) continue;
    if (!rank || !size) {
      throw ConfigError(concat("the environment variable ", rank ? names.rank : names.size, " is set, but ",
                               rank ? names.size : names.rank, " is not: ", names.launcher, " sets both; unset it, ",
                               "or start the program by a launcher"));
    }
    launch.launcher = names.launcher;
    launch.size = launch_number(names.size, *size, 1, most_processes);
    launch.rank = launch_number(names.rank, *rank, 0, launch.size - 1);
    if (const auto local = get(names.local_rank)) {
      launch.local_rank = launch_number(names.local_rank, *local, 0, launch.size - 1);
    }
    break;
  }
  if (const auto port = get("MASTER_PORT")) {
    launch.port = static_cast<std::uint16_t>(launch_number("MASTER_PORT", *port, 1, most_port));
  }
  if (const auto address = get("MASTER_ADDR")) {
    launch.address = *address;
  } else if (launch.launcher == "Slurm") {
    if (const auto nodes = get("SLURM_STEP_NODELIST")) launch.address = first_host(*nodes);
  } else if (launch.launcher == "Open MPI") {
    const auto here = get("OMPI_COMM_WORLD_LOCAL_SIZE");
    if (here && launch_number("OMPI_COMM_WORLD_LOCAL_SIZE", *here, 1, most_processes) < launch.size) {
      throw ConfigError(
          "mpirun has started processes on several machines, which do not know where rank 0 is: give them its "
          "address, mpirun -x MASTER_ADDR=<host> ...");
    }
  }
  return launch;
}

}  // namespace detail
}  // namespace afd
