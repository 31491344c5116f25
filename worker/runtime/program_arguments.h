// sys.argv: set by the worker's loop before a program runs. Used by the VM's one thread.
#pragma once

#include <string>
#include <vector>

namespace kayton {

void set_program_arguments(const std::vector<std::string>& arguments);

}  // namespace kayton
