# ktgate_fuzzer(<name> SOURCE <file> LIBS <target>...)
#
# A libFuzzer target whose kept corpus is tests/fuzz/<name>/corpus. In the preset asan it is the
# fuzzer, at build/asan/fuzzers/<name>; tools/fuzz.sh runs those listed in fuzzers.txt. In every other
# preset a small driver takes libFuzzer's place. In both, the test fuzz_replay.<name> runs each file
# of the corpus once, so what a fuzzer found once stays found, under either compiler.
if(KTGATE_SANITIZE MATCHES "fuzzer")
  set(KTGATE_FUZZ TRUE)
else()
  set(KTGATE_FUZZ FALSE)
endif()

file(WRITE ${PROJECT_BINARY_DIR}/fuzzers.txt "")

function(ktgate_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SOURCE" "LIBS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCE)
    message(FATAL_ERROR "usage: ktgate_fuzzer(<name> SOURCE <file> LIBS <target>...)")
  endif()
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}/corpus)
  if(NOT IS_DIRECTORY ${corpus})
    message(FATAL_ERROR "ktgate_fuzzer(${name}): no corpus at tests/fuzz/${name}/corpus")
  endif()

  add_executable(${name} ${arg_SOURCE})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} ktgate_warnings)
  if(KTGATE_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzzers)
    file(APPEND ${PROJECT_BINARY_DIR}/fuzzers.txt "${name}\n")
    # The first directory is the one libFuzzer would write to, the corpus is only read.
    file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/replay/${name})
    add_test(NAME fuzz_replay.${name}
      COMMAND ${name} -runs=0 ${PROJECT_BINARY_DIR}/replay/${name} ${corpus})
  else()
    target_link_libraries(${name} PRIVATE ktgate_fuzz_replay)
    add_test(NAME fuzz_replay.${name} COMMAND ${name} ${corpus})
  endif()
  set_tests_properties(fuzz_replay.${name} PROPERTIES LABELS fuzz_replay)
endfunction()
