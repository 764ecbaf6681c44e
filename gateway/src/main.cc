#include "program.h"

int main(int argc, char** argv) { return kt::gateway::run_program(argc, argv); }
