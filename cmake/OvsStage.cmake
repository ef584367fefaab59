# cmake -D SOURCE= -D BUILD= -D STAGE= -D CACHE= -P OvsStage.cmake: collects what the shim needs of
# a finished build of Open vSwitch in STAGE, and keeps a copy in CACHE if that can be written.
function(collect destination)
  file(COPY ${SOURCE}/include/ DESTINATION ${destination}/include FILES_MATCHING PATTERN "*.h")
  file(COPY ${BUILD}/include/ DESTINATION ${destination}/include FILES_MATCHING PATTERN "*.h")
  file(GLOB headers ${SOURCE}/lib/*.h ${BUILD}/lib/*.h)
  file(COPY ${headers} DESTINATION ${destination}/include/lib)
  file(COPY ${BUILD}/config.h DESTINATION ${destination}/include)
  file(COPY ${SOURCE}/LICENSE ${SOURCE}/NOTICE DESTINATION ${destination})
  file(COPY ${BUILD}/libopenvswitch.a DESTINATION ${destination})
endfunction()

collect(${STAGE})

# Under a name of its own first: whoever finds the directory in the cache finds it whole.
if(NOT EXISTS ${CACHE}/libopenvswitch.a)
  string(RANDOM LENGTH 8 suffix)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${STAGE} ${CACHE}.${suffix}
    RESULT_VARIABLE refused
    ERROR_QUIET)
  if(refused EQUAL 0)
    file(RENAME ${CACHE}.${suffix} ${CACHE} RESULT ignored)
  endif()
  file(REMOVE_RECURSE ${CACHE}.${suffix})
endif()
