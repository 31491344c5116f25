// Code that ran once, when the program started, stays in the kernel's memory though nothing will run it again: the
// initialisers of LLVM's hundreds of files touch a good part of its text. Any thread.
#pragma once

namespace kayton::kernel {

// Takes the pages of this program's code out of the process. They stay in the page cache and are back, without reading
// the disk, when they are next run. Linux only; elsewhere nothing is done.
void give_back_start_up_pages();

}  // namespace kayton::kernel
