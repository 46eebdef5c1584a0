# SPDX-License-Identifier: MIT
# cmake --install: the headers, and a package for find_package(afd CONFIG [COMPONENTS gzip images safetensors
# study distributed jemalloc]).
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/afd)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/afd DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN *.hpp)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(TARGETS afd EXPORT afd)
install(EXPORT afd NAMESPACE afd:: DESTINATION ${package_dir} FILE afdTargets.cmake)
if(TARGET afd_gzip)
  install(TARGETS afd_gzip EXPORT afd_gzip)
  install(EXPORT afd_gzip NAMESPACE afd:: DESTINATION ${package_dir} FILE afdGzipTargets.cmake)
endif()
if(TARGET afd_images)
  install(TARGETS afd_images EXPORT afd_images)
  install(EXPORT afd_images NAMESPACE afd:: DESTINATION ${package_dir} FILE afdImagesTargets.cmake)
endif()
if(TARGET afd_safetensors)
  install(TARGETS afd_safetensors EXPORT afd_safetensors)
  install(EXPORT afd_safetensors NAMESPACE afd:: DESTINATION ${package_dir} FILE afdSafetensorsTargets.cmake)
endif()
if(TARGET afd_study)
  install(TARGETS afd_study EXPORT afd_study)
  install(EXPORT afd_study NAMESPACE afd:: DESTINATION ${package_dir} FILE afdStudyTargets.cmake)
endif()
if(TARGET afd_distributed)
  install(TARGETS afd_distributed EXPORT afd_distributed)
  install(EXPORT afd_distributed NAMESPACE afd:: DESTINATION ${package_dir} FILE afdDistributedTargets.cmake)
endif()
if(TARGET afd_jemalloc)
  install(TARGETS afd_jemalloc EXPORT afd_jemalloc)
  install(EXPORT afd_jemalloc NAMESPACE afd:: DESTINATION ${package_dir} FILE afdJemallocTargets.cmake)
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/afdConfig.cmake.in ${PROJECT_BINARY_DIR}/afdConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/afdConfigVersion.cmake COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/afdConfig.cmake ${PROJECT_BINARY_DIR}/afdConfigVersion.cmake
  DESTINATION ${package_dir})
