#include "supervisor/report/core_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace kayton {
namespace {

std::string name_by(const std::string& pattern, bool uses_pid) {
    return core_file_name({pattern, uses_pid}, 4711, SIGSEGV, "kayton-worker-of-a-long-name");
}

TEST(CoreFile, IsNamedAsTheKernelNamesIt) {
    EXPECT_EQ(name_by("core", false), "core");
    EXPECT_EQ(name_by("core", true), "core.4711");
    EXPECT_EQ(name_by("core.%p", true), "core.4711");
    EXPECT_EQ(name_by("/cores/%e.%s.%%.%p%", false), "/cores/kayton-worker-o.11.%.4711");
    EXPECT_EQ(name_by("%u-%g", false), std::to_string(::getuid()) + "-" + std::to_string(::getgid()));
}

TEST(CoreFile, HasNoNameThatCouldBeKnownAfterwards) {
    EXPECT_EQ(name_by("core.%t", true), "");
    EXPECT_EQ(name_by("|/usr/lib/systemd/systemd-coredump %P", true), "");
}

TEST(CoreFile, IsDescribedByWhatBecameOfIt) {
    const auto described = [](const std::string& pattern, bool left) {
        return describe_core_file({pattern, false}, left, 4711, SIGABRT, "/opt/kayton-worker");
    };
    EXPECT_EQ(described("core.%p", true), "gdb /opt/kayton-worker core.4711 looks at the core file");
    EXPECT_EQ(described("|/bin/keep %p", true), "the core file went to `/bin/keep`, as this system asks");
    EXPECT_EQ(described("core.%t", true), "the core file's name is made after `core.%t` (kernel.core_pattern)");
    EXPECT_NE(described("core", false).find("ulimit -c unlimited"), std::string::npos);
    EXPECT_NE(described("", false).find("kernel.core_pattern=core"), std::string::npos);
}

}  // namespace
}  // namespace kayton
