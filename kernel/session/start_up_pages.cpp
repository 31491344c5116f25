#include "kernel/session/start_up_pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace kayton::kernel {

void give_back_start_up_pages() {
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void*) {
            const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
            for (int i = 0; i < info->dlpi_phnum; ++i) {
                const ElfW(Phdr)& segment = info->dlpi_phdr[i];
                // Code is mapped from the file and never written, so there is nothing to lose; data would be.
                if (segment.p_type != PT_LOAD || segment.p_flags != (PF_R | PF_X)) {
                    continue;
                }
                const uintptr_t begin = (info->dlpi_addr + segment.p_vaddr) & ~(page - 1);
                const uintptr_t end = (info->dlpi_addr + segment.p_vaddr + segment.p_memsz + page - 1) & ~(page - 1);
                (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
            }
            return 1;  // the first object is the program; libraries are small
        },
        nullptr);
}

}  // namespace kayton::kernel
