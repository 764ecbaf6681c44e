# Where we build for ourselves. Another compiler, or another level of optimisation, may know of more,
# and nobody who only wants to use this is to be stopped by them.
option(KTGATE_WARNINGS_ARE_ERRORS "Fail on warnings" OFF)

# Every target of ours links this; nobody else's does.
add_library(ktgate_warnings INTERFACE)
target_compile_options(ktgate_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion $<$<BOOL:${KTGATE_WARNINGS_ARE_ERRORS}>:-Werror>)
