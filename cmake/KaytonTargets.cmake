# What every target of Kayton shares: warnings, sanitizers, include root.

add_library(kayton_options INTERFACE)
target_include_directories(kayton_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(kayton_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -fno-omit-frame-pointer
  $<$<BOOL:${KAYTON_WERROR}>:-Werror>)
# GCC 12 reports overlapping and overlong copies inside std::string's operator+ (its bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(kayton_options INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(KAYTON_SANITIZE)
  list(JOIN KAYTON_SANITIZE "," kayton_sanitize_flags)
  target_compile_options(kayton_options INTERFACE -fsanitize=${kayton_sanitize_flags} -fno-sanitize-recover=undefined)
  target_link_options(kayton_options INTERFACE -fsanitize=${kayton_sanitize_flags})
  if("thread" IN_LIST KAYTON_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC warns that it does not follow fences. The channel's order flags that are atomic themselves, and no data.
    target_compile_options(kayton_options INTERFACE -Wno-tsan)
  endif()
endif()

# Incremental builds: mold and ccache are used where the machine has them.
find_program(KAYTON_CCACHE ccache)
if(KAYTON_CCACHE)
  # Without these ccache keeps nothing that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${KAYTON_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${KAYTON_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(kayton_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()
find_program(KAYTON_MOLD mold)
if(KAYTON_MOLD)
  target_link_options(kayton_options INTERFACE -fuse-ld=mold)
endif()

# kayton_library(NAME FOLDERS... [DEPENDS targets...] [PRECOMPILE headers...]): a static library of every .cpp under the
# given folders. PRECOMPILE names the heavy headers most of them include.
function(kayton_library name)
  cmake_parse_arguments(ARG "" "" "FOLDERS;DEPENDS;PRECOMPILE" ${ARGN})
  set(sources)
  foreach(folder ${ARG_FOLDERS})
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC kayton_options ${ARG_DEPENDS})
  if(ARG_PRECOMPILE)
    target_precompile_headers(${name} PRIVATE ${ARG_PRECOMPILE})
  endif()
endfunction()
