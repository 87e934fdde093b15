# Settings every target shares, and the three functions by which targets are made.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

set(SOFTMIG_SANITIZE "" CACHE STRING "Value for -fsanitize= (address,undefined or thread); empty for none")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS system)
find_package(cpprestsdk REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(BROTLI REQUIRED IMPORTED_TARGET libbrotlidec)

add_library(softmig_flags INTERFACE)
target_include_directories(softmig_flags INTERFACE "${CMAKE_SOURCE_DIR}/operator")
target_compile_definitions(softmig_flags INTERFACE
  BOOST_BIND_GLOBAL_PLACEHOLDERS SOFTMIG_VERSION="${PROJECT_VERSION}")
target_compile_options(softmig_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror
  -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 reports overlapping copies in std::string operator+ that cannot happen (its bug 105651).
  target_compile_options(softmig_flags INTERFACE -Wno-restrict)
endif()
if(SOFTMIG_SANITIZE)
  target_compile_options(softmig_flags INTERFACE -fsanitize=${SOFTMIG_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(softmig_flags INTERFACE -fsanitize=${SOFTMIG_SANITIZE})
  if(SOFTMIG_SANITIZE STREQUAL "thread")
    # Asio has fences of which the sanitizer warns; it needs none of them to order what we do.
    target_compile_options(softmig_flags INTERFACE -Wno-tsan)
  else()
    target_compile_options(softmig_flags INTERFACE -fno-sanitize-recover=all)  # a finding ends the test
  endif()
endif()

# softmig_library(NAME DEPS target...): one static library from all .cpp files of the current folder.
# A folder without a .cpp becomes an INTERFACE library. DEPS are other softmig libraries or imported targets.
function(softmig_library name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  if(sources)
    add_library(softmig_${name} STATIC ${sources})
    target_link_libraries(softmig_${name} PUBLIC softmig_flags ${ARG_DEPS})
  else()
    add_library(softmig_${name} INTERFACE)
    target_link_libraries(softmig_${name} INTERFACE softmig_flags ${ARG_DEPS})
  endif()
endfunction()

# `programs`: all that softmig_program makes, without the tests.
add_custom_target(programs)

# softmig_program(NAME DEPS target...): one program from all .cpp files of the current folder, in bin/.
function(softmig_program name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE softmig_flags ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  add_dependencies(programs ${name})
endfunction()

# softmig_test(NAME LABEL DEPS target...): one gtest program from all .cpp files of the current folder.
function(softmig_test name label)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE softmig_flags ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")  # fakes/...
  # What is tested is optimised, the tests themselves are not: that halves their share of the build.
  target_compile_options(${name} PRIVATE -O0)
  target_compile_definitions(${name} PRIVATE SOFTMIG_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/test-programs")
  add_test(NAME ${name} COMMAND ${name})
  set(timeout 300)
  if(SOFTMIG_SANITIZE)
    set(timeout 1200)  # everything is several times slower
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout})
endfunction()
