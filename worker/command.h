// A program in place of a run's generated code: started in this sandbox, waited for. What it prints goes to this process's
// own descriptors, which the supervisor reads. The VM's one thread.
#pragma once

#include <string>
#include <vector>

#include "worker/program.h"

namespace kayton {

// argv[0] is found as PATH has it. The status is the program's, or 128 and the signal that ended it; an interrupt of the run
// ends in KeyboardInterrupt (the supervisor ends the program), a program that cannot be started in an OSError.
[[nodiscard]] ProgramEnd run_command(std::vector<std::string> argv);

}  // namespace kayton
