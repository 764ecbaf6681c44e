# The sanitizers of a whole build, as a value of -fsanitize=; the presets asan and tsan set it.
# Every translation unit gets them, for a program half instrumented reports what is not there. They are
# not optimised, which takes a third of the time to build, but for the libraries that tests keep busy:
# ktgate_library().
set(KTGATE_SANITIZE "" CACHE STRING "Sanitizers to compile and link everything with (clang)")

if(KTGATE_SANITIZE)
  set(ktgate_sanitize_flags -fsanitize=${KTGATE_SANITIZE} -fno-sanitize-recover=all)
  if(KTGATE_SANITIZE MATCHES "undefined")
    # clang 14 reports calls through function pointers in coroutines that are correct.
    list(APPEND ktgate_sanitize_flags -fno-sanitize=function)
  endif()
  add_compile_options(${ktgate_sanitize_flags} -fno-omit-frame-pointer)
  add_link_options(${ktgate_sanitize_flags})
endif()
