# cmake -DBUILD_TREE= -DSOURCE= -DWORK= -DGENERATOR= -DCXX= -P install_and_build.cmake
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

function(step name)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output
    WORKING_DIRECTORY ${WORK})
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${name} failed (${status}):\n${output}")
  endif()
  set(step_output "${output}" PARENT_SCOPE)
endfunction()

step("installing" ${CMAKE_COMMAND} --install ${BUILD_TREE} --prefix ${WORK}/prefix)
# Moved, so that a path into the first prefix would show.
file(RENAME ${WORK}/prefix ${WORK}/moved)
step("the installed program" ${WORK}/moved/bin/rankine version)
if(NOT step_output MATCHES "^rankine [0-9]+\\.[0-9]+\\.[0-9]+")
  message(FATAL_ERROR "rankine version prints: ${step_output}")
endif()
step("configuring" ${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_PREFIX_PATH=${WORK}/moved -DCMAKE_BUILD_TYPE=Release)
step("building" ${CMAKE_COMMAND} --build ${WORK}/build)
step("running" ${WORK}/build/uses_rankine)
set(expected "mean 2.5\n")
if(NOT step_output STREQUAL expected)
  message(FATAL_ERROR "the program printed '${step_output}' instead of '${expected}'")
endif()
