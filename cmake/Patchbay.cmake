# The project's only build vocabulary: a library per common/ folder, an executable per plugin.

# Hardening of everything that is compiled here. Together it takes 2% of an executable's size and no time
# that can be measured. Fortification exists only where code is optimized. -z now leaves nothing behind
# RELRO that is writable and points to code.
#
# Executables are static at a fixed address. As static PIE (GCC 12, glibc 2.36) they would relocate
# themselves at every start: 0.03 ms in bridge and host-local, 0.28 ms in ovs (medians of 200 runs of
# VERSION, taken in turns), and 150 kB more.
set(PATCHBAY_FORTIFY -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
set(PATCHBAY_STACK_PROTECTOR -fstack-protector-strong)
add_library(patchbay_hardening INTERFACE)
target_compile_options(
  patchbay_hardening INTERFACE ${PATCHBAY_STACK_PROTECTOR}
                               "$<$<CONFIG:Release,RelWithDebInfo>:${PATCHBAY_FORTIFY}>")
target_compile_definitions(patchbay_hardening INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(patchbay_hardening INTERFACE LINKER:-z,relro,-z,now)

# Flags of everything that is ours.
add_library(patchbay_options INTERFACE)
target_link_libraries(patchbay_options INTERFACE patchbay_hardening)
target_compile_options(
  patchbay_options
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
            -ffunction-sections -fdata-sections
            $<$<BOOL:${PATCHBAY_WERROR}>:-Werror>
            $<$<BOOL:${PATCHBAY_FUZZ}>:-fsanitize=fuzzer-no-link>)
target_compile_definitions(
  patchbay_options INTERFACE _GNU_SOURCE PATCHBAY_VERSION="${PROJECT_VERSION}")
target_link_options(patchbay_options INTERFACE -Wl,--gc-sections)
if(PATCHBAY_STATIC)
  # Code and constants share a segment, as they did until binutils 2.31: two mappings less at every
  # start, which is 0.05 ms of 0.55 (medians of VERSION, four copies of each executable in turns).
  target_link_options(patchbay_options INTERFACE LINKER:-z,noseparate-code)
endif()
if(PATCHBAY_SANITIZE)
  # GCC 12 takes what the sanitizers add for uses of uninitialized values, e.g. in <regex>.
  target_compile_options(
    patchbay_options
    INTERFACE -fsanitize=${PATCHBAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
              $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(patchbay_options INTERFACE -fsanitize=${PATCHBAY_SANITIZE})
endif()

# Debian has no static archive of spdlog and fmt: both are used as headers. Without a separator of
# thousands of its own, fmt would ask std::locale for one, and with it come all of libstdc++'s locales
# and streams: a quarter of a small executable, set up at every start. No message has a fraction.
add_library(patchbay_spdlog INTERFACE)
target_compile_definitions(
  patchbay_spdlog INTERFACE FMT_HEADER_ONLY "FMT_STATIC_THOUSANDS_SEPARATOR=','" SPDLOG_FMT_EXTERNAL
                            SPDLOG_DISABLE_DEFAULT_LOGGER FMT_USE_FLOAT=0 FMT_USE_DOUBLE=0
                            FMT_USE_LONG_DOUBLE=0)

# patchbay_leave_out(LIBRARY functions...): executables with LIBRARY do without the C library's
# functions, which it refers to but is never asked to call.
function(patchbay_leave_out library)
  list(TRANSFORM ARGN REPLACE "(.+)" "--defsym=\\1=0")
  list(JOIN ARGN "," undefined)
  set_property(TARGET ${library} APPEND PROPERTY INTERFACE_LINK_OPTIONS "LINKER:${undefined}")
endfunction()

# Only libnl's core archive: messages and sockets. Requests are built here, attribute by attribute.
find_library(LIBNL_STATIC libnl-3.a REQUIRED)
add_library(patchbay_libnl INTERFACE)
target_include_directories(patchbay_libnl SYSTEM INTERFACE ${LIBNL_INCLUDE_DIRS})
target_link_libraries(patchbay_libnl INTERFACE ${LIBNL_STATIC})
if(PATCHBAY_STATIC)
  # libnl's functions that print and read names of hosts and protocols are never called here; they
  # would drag in glibc's resolver, which does not work in a static executable.
  patchbay_leave_out(patchbay_libnl getaddrinfo getnameinfo getprotobyname getprotobynumber)
endif()

# patchbay_library(NAME SOURCES files... LINK targets...): common/NAME as patchbay::NAME.
function(patchbay_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  list(TRANSFORM ARG_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/common/${name}/)
  add_library(patchbay_${name} STATIC ${ARG_SOURCES})
  # -iquote: our "netlink/socket.h" and libnl's <netlink/socket.h> are different files.
  target_compile_options(patchbay_${name} PUBLIC "SHELL:-iquote ${PROJECT_SOURCE_DIR}/common")
  target_link_libraries(patchbay_${name} PUBLIC ${ARG_LINK} PRIVATE patchbay_options)
  add_library(patchbay::${name} ALIAS patchbay_${name})
endfunction()

# Builds every executable that is shipped, and nothing else.
add_custom_target(plugins)

# patchbay_executable(NAME DESTINATION dir SOURCES files... LINK targets...): an executable in bin/,
# installed in DESTINATION; the sources are relative to the calling folder.
function(patchbay_executable name)
  cmake_parse_arguments(ARG "" "DESTINATION" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} patchbay_options)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  if(PATCHBAY_STATIC)
    target_link_options(${name} PRIVATE -static)
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_link_options(${name} PRIVATE -s)
  endif()
  add_dependencies(plugins ${name})
  install(TARGETS ${name} RUNTIME DESTINATION ${ARG_DESTINATION})
endfunction()

# patchbay_plugin(NAME SOURCES files... LINK targets...): an executable that runtimes execute.
function(patchbay_plugin name)
  patchbay_executable(${name} DESTINATION ${PATCHBAY_PLUGIN_DIR} ${ARGN})
  set_property(GLOBAL APPEND PROPERTY PATCHBAY_PLUGINS ${name})
endfunction()

# patchbay_tool(NAME SOURCES files... LINK targets...): an executable for people.
function(patchbay_tool name)
  patchbay_executable(${name} DESTINATION bin ${ARGN})
  set_property(GLOBAL APPEND PROPERTY PATCHBAY_TOOLS ${name})
endfunction()
