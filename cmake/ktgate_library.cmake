# Folder = library = target = namespace, and the one table of who may use whom (design: "Folders
# and the dependency rule"). tools/lint/includes.py reads the table from here.

# ktgate_may_use_<folder>: the arrows. A folder also reaches what those folders reach.
set(ktgate_may_use_keytrans "")
set(ktgate_may_use_program keytrans)
set(ktgate_may_use_store keytrans)
set(ktgate_may_use_log store)
set(ktgate_may_use_auditor store federation)
set(ktgate_may_use_federation keytrans)
set(ktgate_may_use_routing log federation)
set(ktgate_may_use_migration routing)
set(ktgate_may_use_gateway keytrans program store log auditor federation routing migration)
set(ktgate_may_use_client keytrans program store federation)

# ktgate_library(<folder> [DEPENDS <folder>...] SOURCES <file>...)
#
# Defines the library of a folder. Its public headers lie in <folder>/include/<folder>/ and are the
# only ones others can include, private ones lie beside the sources. What a target does not link it
# cannot include either, so a missing arrow is a compile error and a forbidden one an error here.
# Third-party libraries are linked with target_link_libraries as usual.
function(ktgate_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;SOURCES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ktgate_library(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT DEFINED ktgate_may_use_${name})
    message(FATAL_ERROR "ktgate_library(${name}): not a folder of the design")
  endif()

  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC include)
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} PRIVATE ktgate_warnings)
  if(KTGATE_SANITIZE AND name MATCHES "^(keytrans|store|log)$")
    target_compile_options(${name} PRIVATE -O1)
  endif()
  cmake_language(EVAL CODE
    "cmake_language(DEFER DIRECTORY [[${PROJECT_SOURCE_DIR}]] CALL ktgate_check_library ${name})")
endfunction()

# Runs when everything is defined, so that a plain target_link_libraries cannot go around the table.
function(ktgate_check_library name)
  get_target_property(direct ${name} LINK_LIBRARIES)
  get_target_property(exposed ${name} INTERFACE_LINK_LIBRARIES)
  foreach(other IN LISTS direct exposed)
    if(DEFINED ktgate_may_use_${other} AND NOT other IN_LIST ktgate_may_use_${name})
      message(FATAL_ERROR "${name} may not use ${other} (cmake/ktgate_library.cmake has the rule)")
    endif()
  endforeach()
endfunction()
