# cmake -D BUILD=<build tree> -D PREFIX=<scratch folder> -D DIRECTORY=<libexec/cni> -D PLUGINS=a,b
#       -D READELF=<readelf> -P check.cmake
# What `cmake --install` leaves: the plugins, and each of them static, stripped and small.

cmake_minimum_required(VERSION 3.25)
set(kLargest 2500000)  # bytes

function(run out)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

function(check_executable path)
  get_filename_component(name ${path} NAME)
  run(segments ${READELF} -lW ${path})
  if(segments MATCHES "INTERP|DYNAMIC")
    message(SEND_ERROR "${name} is not static")
  endif()
  run(sections ${READELF} -SW ${path})
  if(sections MATCHES "\\.symtab|\\.debug_info")
    message(SEND_ERROR "${name} is not stripped")
  endif()
  file(SIZE ${path} bytes)
  if(bytes GREATER kLargest)
    message(SEND_ERROR "${name} has ${bytes} bytes, more than ${kLargest}")
  endif()
  message(STATUS "${name}: static, stripped, ${bytes} bytes")
endfunction()

file(REMOVE_RECURSE ${PREFIX})
run(ignored ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX})
file(GLOB_RECURSE installed RELATIVE ${PREFIX}/${DIRECTORY} ${PREFIX}/${DIRECTORY}/*)
string(REPLACE "," ";" wanted "${PLUGINS}")
list(SORT installed)
list(SORT wanted)
if(NOT installed STREQUAL wanted)
  message(SEND_ERROR "installed in ${DIRECTORY}: ${installed}; wanted: ${wanted}")
endif()
foreach(name IN LISTS installed)
  check_executable(${PREFIX}/${DIRECTORY}/${name})
endforeach()
file(REMOVE_RECURSE ${PREFIX})
