// The network as it is granted: to named hosts through the supervisor, freely, or not at all; and fault 42, a worker
// that changes an argument after it was judged.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>

#include "tests/faults/session_fixture.h"

namespace kayton {
namespace {

// Listens on a free port of this machine.
class Listener {
  public:
    Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(socket_.get(), 1024), 0);
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    [[nodiscard]] std::string port() const { return std::to_string(port_); }
    [[nodiscard]] NetGrant grant(const std::string& host) const { return {host, port_}; }
    [[nodiscard]] bool was_reached() const {
        pollfd waiting{socket_.get(), POLLIN, 0};
        return ::poll(&waiting, 1, 0) > 0;
    }

  private:
    UniqueFd socket_;
    uint16_t port_ = 0;
};

class NetFault : public SessionFault {};

#define REQUIRE_BROKER() REQUIRE_OF_KERNEL(session_->worker().brokered(), "seccomp's notification")

TEST_F(NetFault, NothingIsReachedWithoutAGrant) {
    const Listener listener;
    start();
    REQUIRE_BROKER();
    const RunOutcome outcome = run("net_connect", "127.0.0.1:" + listener.port());
    EXPECT_EQ(output_of_run_, "EACCES ");
    EXPECT_NE(outcome.refusal.find("--allow-net=127.0.0.1:" + listener.port()), std::string::npos) << outcome.refusal;
    EXPECT_NE(outcome.refusal.find("kik allow net 127.0.0.1:" + listener.port()), std::string::npos);
    EXPECT_NE(run("net_connect", "elsewhere.example:80").refusal.find("--allow-net=elsewhere.example"),
              std::string::npos);
    EXPECT_FALSE(listener.was_reached());
}

TEST_F(NetFault, AGrantedPlaceIsReachedByNameAndByAddressAndNoOther) {
    const Listener granted;
    const Listener other;
    grants_.net = {granted.grant("localhost")};
    start();
    REQUIRE_BROKER();
    run("net_connect", "localhost:" + granted.port());
    EXPECT_EQ(output_of_run_, "allowed ");
    EXPECT_TRUE(granted.was_reached());
    run("net_connect", "127.0.0.1:" + granted.port());
    EXPECT_EQ(output_of_run_, "allowed ");
    RunOutcome outcome = run("net_connect", "127.0.0.1:" + other.port());
    EXPECT_EQ(output_of_run_, "EACCES ");
    EXPECT_NE(outcome.refusal.find("--allow-net=127.0.0.1:" + other.port()), std::string::npos);
    outcome = run("net_connect", "elsewhere.invalid:80");
    EXPECT_EQ(output_of_run_, "no address ");
    EXPECT_NE(outcome.refusal.find("--allow-net=elsewhere.invalid"), std::string::npos);
    run("net_other", other.port());
    EXPECT_EQ(output_of_run_, "EPERM EPERM EPERM EACCES ENOSYS EPERM ");
    EXPECT_FALSE(other.was_reached());
}

TEST_F(NetFault, TheSameAfterACrash) {
    const Listener granted;
    grants_.net = {granted.grant("127.0.0.1")};
    start();
    REQUIRE_BROKER();
    expect_resumed(run("crash_null"));
    run("net_connect", "127.0.0.1:" + granted.port());
    EXPECT_EQ(output_of_run_, "allowed ");
}

TEST_F(NetFault, F42_TheCopyThatWasJudgedIsUsed) {
    const Listener granted;
    const Listener other;
    grants_.net = {granted.grant("127.0.0.1")};
    start();
    REQUIRE_BROKER();
    run("net_race", granted.port() + "," + other.port());
    EXPECT_EQ(output_of_run_, "connected ");
    EXPECT_TRUE(granted.was_reached());
    EXPECT_FALSE(other.was_reached());
}

TEST_F(NetFault, EverywhereIsDoneByTheWorkerItself) {
    const Listener listener;
    grants_.net_everywhere = true;
    start();
    run("net_connect", "localhost:" + listener.port());
    EXPECT_EQ(output_of_run_, "allowed ");
    EXPECT_TRUE(listener.was_reached());
}

TEST(NetGrant, IsAHostAndAPort) {
    EXPECT_EQ(parse_net_grant("example.com:443")->host, "example.com");
    EXPECT_EQ(parse_net_grant("example.com:443")->port, 443);
    EXPECT_EQ(parse_net_grant("example.com")->port, 0);
    EXPECT_EQ(parse_net_grant("[::1]:80")->host, "::1");
    EXPECT_EQ(parse_net_grant("[::1]:80")->port, 80);
    EXPECT_EQ(parse_net_grant("::1")->host, "::1");
    for (const char* bad : {"", ":80", "host:", "host:0", "host:65536", "host:http", "http://host"}) {
        EXPECT_FALSE(parse_net_grant(bad).has_value()) << bad;
    }
}

}  // namespace
}  // namespace kayton
