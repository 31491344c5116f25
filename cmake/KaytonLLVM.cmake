# Finds the newest LLVM from 19 on and makes `kayton_llvm`: the static X86 components the compiler and the linker use.

if(NOT KAYTON_LLVM_DIR)
  foreach(version 22 21 20 19)
    if(EXISTS /usr/lib/llvm-${version}/lib/cmake/llvm/LLVMConfig.cmake)
      set(KAYTON_LLVM_DIR /usr/lib/llvm-${version}/lib/cmake/llvm)
      break()
    endif()
  endforeach()
endif()
find_package(LLVM REQUIRED CONFIG HINTS ${KAYTON_LLVM_DIR} NO_DEFAULT_PATH)
if(LLVM_VERSION_MAJOR LESS 19)
  message(FATAL_ERROR "Kayton needs LLVM 19 or newer, found ${LLVM_VERSION}; install llvm-22-dev")
endif()
message(STATUS "LLVM ${LLVM_VERSION} in ${LLVM_DIR}")

add_library(kayton_llvm INTERFACE)
target_include_directories(kayton_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
separate_arguments(kayton_llvm_definitions NATIVE_COMMAND ${LLVM_DEFINITIONS})
target_compile_definitions(kayton_llvm INTERFACE ${kayton_llvm_definitions})
llvm_map_components_to_libnames(kayton_llvm_libraries
  core support irreader asmparser object debuginfodwarf passes orcjit jitlink x86codegen x86asmparser x86desc x86info target)
target_link_libraries(kayton_llvm INTERFACE ${kayton_llvm_libraries})
