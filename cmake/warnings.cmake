# Every target of ours links this; nobody else's does.
add_library(ktgate_warnings INTERFACE)
target_compile_options(ktgate_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion -Werror)
