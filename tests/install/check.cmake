# cmake -D BUILD=<build tree> -D PREFIX=<scratch folder> -D DIRECTORY=<libexec/cni> -D PLUGINS=a,b
#       -D TOOLS=c,d -D READELF=<readelf> -P check.cmake
# What `cmake --install` leaves: the plugins, the tools in bin, and each of them static, stripped, small
# and hardened; with ovs the licence of what is linked into it.

cmake_minimum_required(VERSION 3.25)
set(kLargest 2500000)  # bytes
set(kLargest_ovs 7000000)  # it has TLS in it

function(run out)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# check_segments(NAME SEGMENTS): no segment is writable and executable, and once the program has begun,
# pointers to functions are read-only: .got.plt, which -z now makes part of .got, is not in a segment of
# its own.
function(check_segments name segments)
  if(NOT segments MATCHES "GNU_RELRO" OR NOT segments MATCHES "\\.data\\.rel\\.ro \\.got" OR segments MATCHES
                                                                               "\\.got\\.plt")
    message(SEND_ERROR "${name} has no full RELRO")
  endif()
  if(NOT segments MATCHES "GNU_STACK" OR segments MATCHES " RWE ")
    message(SEND_ERROR "${name} has memory that is writable and executable")
  endif()
endfunction()

# check_archive(ARCHIVE SYMBOL...): was compiled with what calls these.
function(check_archive archive)
  run(symbols ${READELF} -sW ${archive})
  foreach(symbol IN LISTS ARGN)
    if(NOT symbols MATCHES "UND [^\n]*${symbol}")
      message(SEND_ERROR "${archive} never calls ${symbol}")
    endif()
  endforeach()
endfunction()

function(check_executable path)
  get_filename_component(name ${path} NAME)
  run(segments ${READELF} -lW ${path})
  if(segments MATCHES "INTERP|DYNAMIC")
    message(SEND_ERROR "${name} is not static")
  endif()
  check_segments(${name} "${segments}")
  run(sections ${READELF} -SW ${path})
  if(sections MATCHES "\\.symtab|\\.debug_info")
    message(SEND_ERROR "${name} is not stripped")
  endif()
  file(SIZE ${path} bytes)
  set(largest ${kLargest})
  if(DEFINED kLargest_${name})
    set(largest ${kLargest_${name}})
  endif()
  if(bytes GREATER largest)
    message(SEND_ERROR "${name} has ${bytes} bytes, more than ${largest}")
  endif()
  message(STATUS "${name}: static, stripped, hardened, ${bytes} bytes")
endfunction()

# check_directory(DIRECTORY NAMES): exactly these executables are in it.
function(check_directory directory names)
  file(GLOB_RECURSE installed RELATIVE ${PREFIX}/${directory} ${PREFIX}/${directory}/*)
  string(REPLACE "," ";" wanted "${names}")
  list(SORT installed)
  list(SORT wanted)
  if(NOT installed STREQUAL wanted)
    message(SEND_ERROR "installed in ${directory}: ${installed}; wanted: ${wanted}")
  endif()
  foreach(name IN LISTS installed)
    check_executable(${PREFIX}/${directory}/${name})
  endforeach()
endfunction()

file(REMOVE_RECURSE ${PREFIX})
run(ignored ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX})
check_directory(${DIRECTORY} "${PLUGINS}")
check_directory(bin "${TOOLS}")
if(EXISTS ${PREFIX}/${DIRECTORY}/ovs)
  foreach(document LICENSE NOTICE)
    if(NOT EXISTS ${PREFIX}/share/doc/patchbay/licences/openvswitch/${document})
      message(SEND_ERROR "${document} of Open vSwitch is not installed")
    endif()
  endforeach()
  file(GLOB openvswitch ${BUILD}/ovs/stage-*/libopenvswitch.a)
  foreach(archive IN LISTS openvswitch)
    check_archive(${archive} __stack_chk_fail __memcpy_chk)
  endforeach()
endif()
check_archive(${BUILD}/common/libpatchbay_base.a __stack_chk_fail __memcpy_chk __glibcxx_assert_fail)
file(REMOVE_RECURSE ${PREFIX})
