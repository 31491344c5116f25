// The namespace layer: a network of its own with nothing in it, where no network is granted, and its own System V and
// POSIX message queues and host name. What the filter of system calls refuses is then not there either. An ordinary
// user may make these in a user namespace of their own, in which they keep their number and get no rights over
// anything outside; root needs none, and in one would lose its rights over other people's files.
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "shared/unique_fd.h"
#include "worker/sandbox/sandbox.h"

namespace kayton {
namespace {

bool write_line(const char* file, const std::string& line) {
    const UniqueFd descriptor(::open(file, O_WRONLY | O_CLOEXEC));
    return descriptor && ::write(descriptor.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

std::string same_number(unsigned number) {
    return std::to_string(number) + " " + std::to_string(number) + " 1";
}

}  // namespace

Result<bool> enter_namespaces(NetAccess net) {
    // Sockets that the supervisor connects to granted hosts are of the network that it is in.
    const int wanted = CLONE_NEWIPC | CLONE_NEWUTS | (net == NetAccess::kNone ? CLONE_NEWNET : 0);
    if (::unshare(wanted) == 0) {
        return true;
    }
    const unsigned user = ::geteuid();
    const unsigned group = ::getegid();
    if (user == 0 || ::unshare(wanted | CLONE_NEWUSER) != 0) {
        return false;
    }
    if (!write_line("/proc/self/setgroups", "deny") || !write_line("/proc/self/uid_map", same_number(user)) ||
        !write_line("/proc/self/gid_map", same_number(group))) {
        return fail(ErrorKind::kSystem, std::string("cannot be oneself in a user namespace: ") + std::strerror(errno));
    }
    // The kernel has taken both away with the change of namespace.
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    return true;
}

}  // namespace kayton
