// What a plugin can do while kik loads it for the first time: its constructors run before anything is known of it.
#include "kik/cargo/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace kayton::kik {
namespace {

// Runs in a process of its own that is confined to be alone.
std::string alone(const std::function<std::string()>& attack) {
    int ends[2];
    if (::pipe(ends) != 0) return "no pipe";
    const pid_t child = ::fork();
    if (child == 0) {
        Confinement confinement;
        confinement.alone = true;
        const char* failed = confine_this_process(confinement);
        const std::string said = failed != nullptr ? failed : attack();
        ::_exit(::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::string said;
    char buffer[256];
    for (ssize_t size; (size = ::read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, size);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? "killed" : said;
}

std::string outcome(bool worked) {
    return worked ? "allowed " : "refused ";
}

TEST(AlonePlugin, ReadsNoFileButTheSystemsLibraries) {
    if (!can_confine_files()) GTEST_SKIP() << "this machine's kernel does not have landlock";
    EXPECT_EQ(alone([] {
                  std::string all;
                  for (const char* file : {"/etc/passwd", "/root", "/proc/1/environ", "/usr/lib"}) {
                      all += outcome(::open(file, O_RDONLY) >= 0);
                  }
                  return all + outcome(::open("/tmp/kayton-alone", O_CREAT | O_WRONLY, 0600) >= 0);
              }),
              "refused refused refused allowed refused ");
}

TEST(AlonePlugin, StartsNothingReachesNobodyAndHasItsThreads) {
    EXPECT_EQ(alone([] {
                  std::string all = outcome(::fork() >= 0) + outcome(::kill(::getppid(), 0) == 0);
                  for (const int family : {AF_UNIX, AF_INET, AF_NETLINK}) {
                      all += outcome(::socket(family, SOCK_DGRAM, 0) >= 0);
                  }
                  char name[] = "true";
                  char* arguments[] = {name, nullptr};
                  pid_t pid = 0;
                  all += outcome(::posix_spawnp(&pid, name, nullptr, nullptr, arguments, ::environ) == 0);
                  all += outcome(::execv("/bin/true", arguments) == 0);
                  std::thread([&] { all += "thread"; }).join();
                  return all;
              }),
              "refused refused refused refused refused refused refused thread");
}

TEST(AlonePlugin, MayEndItself) {
    EXPECT_EQ(alone([]() -> std::string { std::abort(); }), "killed");
}

}  // namespace
}  // namespace kayton::kik
