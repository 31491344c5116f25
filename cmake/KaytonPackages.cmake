# What `cpack` makes: a .deb and a relocatable tar. Both carry every shared library the programs need but libc's own, in
# lib/kayton beside them, so that they run on a bare system and from any folder.

# `ninja programs && cpack` packs what is built; the tests need not be.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

set(programs kayton kayton-worker kayton-kernel kik)
foreach(program ${programs})
  # An old-style RPATH: it counts for the libraries' own libraries too.
  target_link_options(${program} PRIVATE -Wl,--disable-new-dtags)
  set_target_properties(${program} PROPERTIES
    BUILD_RPATH "$ORIGIN/../lib/kayton" INSTALL_RPATH "$ORIGIN/../lib/kayton" BUILD_WITH_INSTALL_RPATH ON)
endforeach()

# The libraries, as the loader finds them when the install script runs.
foreach(program ${programs})
  list(APPEND program_files "$<TARGET_FILE:${program}>")
endforeach()
install(CODE "
  file(GET_RUNTIME_DEPENDENCIES EXECUTABLES ${program_files}
    RESOLVED_DEPENDENCIES_VAR found UNRESOLVED_DEPENDENCIES_VAR missing
    PRE_EXCLUDE_REGEXES \"^(libc|libm|libdl|librt|libpthread|libresolv|libutil|ld-linux[^.]*)\\\\.so\")
  if(missing)
    message(FATAL_ERROR \"libraries that are not on this machine: \${missing}\")
  endif()
  foreach(library \${found})
    file(INSTALL DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/kayton\" TYPE SHARED_LIBRARY FOLLOW_SYMLINK_CHAIN FILES \${library})
  endforeach()
  execute_process(COMMAND \"$<TARGET_FILE:kik>\" -q man-pages \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/man/man1\"
    COMMAND_ERROR_IS_FATAL ANY)
  foreach(entry bash:share/bash-completion/completions/kik zsh:share/zsh/site-functions/_kik fish:share/fish/vendor_completions.d/kik.fish)
    string(REPLACE \":\" \";\" entry \${entry})
    list(GET entry 0 shell)
    list(GET entry 1 place)
    execute_process(COMMAND \"$<TARGET_FILE:kik>\" completions \${shell} OUTPUT_VARIABLE script COMMAND_ERROR_IS_FATAL ANY)
    file(WRITE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/\${place}\" \"\${script}\")
  endforeach()
")

set(CPACK_PACKAGE_NAME kayton)
set(CPACK_PACKAGE_VENDOR "Kayton")
set(CPACK_PACKAGE_CONTACT "The Kayton developers <kayton@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Python-like programs at native speed, with Rust's crates as libraries")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_FILE_NAME kayton-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= 2.36)")
# For `kik rinstall`; programs and packed environments need neither.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gcc, rustc-web | rustc, cargo-web | cargo, ca-certificates")
set(CPACK_DEBIAN_COMPRESSION_TYPE gzip)
include(CPack)
