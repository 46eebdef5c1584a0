# SPDX-License-Identifier: MIT
# The program of a project that took afd in as source, and what it must not have got with it.
add_executable(consumer ${CMAKE_CURRENT_LIST_DIR}/main.cpp)
target_link_libraries(consumer PRIVATE afd::afd afd::gzip afd::images afd::jemalloc afd::safetensors
  afd::study afd::distributed)
target_compile_options(consumer PRIVATE -O0 -Wall -Wextra -Wconversion -Wshadow -Werror)
foreach(unasked IN ITEMS afd_tests fashion_mnist_pair bench_worker)
  if(TARGET ${unasked})
    message(FATAL_ERROR "a parent that takes afd in gets the target ${unasked}, too")
  endif()
endforeach()
get_directory_property(options COMPILE_OPTIONS)
if(options OR CMAKE_CXX_COMPILER_LAUNCHER)
  message(FATAL_ERROR "a parent that takes afd in gets its options: ${options} ${CMAKE_CXX_COMPILER_LAUNCHER}")
endif()
