// NetBroker: the network as a worker may use it: not at all, freely, or to named hosts and ports. For the latter the
// supervisor looks names up and connects, with its own copy of the address on its own descriptor of the worker's socket,
// so what is judged is what is done. What may take time is done on a thread of its own, which answers the waiting call.
// Owned by a SystemCallBroker; one thread.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/result.h"
#include "shared/sandbox_policy.h"
#include "shared/unique_fd.h"

namespace kayton {

// A host (a name or an address) and a port; 0: any.
struct NetGrant {
    std::string host;
    uint16_t port = 0;
};
// Of "example.com:443", "[::1]:80", "10.0.0.1", in this form.
[[nodiscard]] Result<NetGrant> parse_net_grant(const std::string& text);

class NetBroker {
  public:
    NetBroker(NetAccess access, std::vector<NetGrant> grants);

    // A call's arguments: whether such a socket may be.
    [[nodiscard]] bool may_have_socket(uint64_t domain, uint64_t type, uint64_t protocol);

    // connect(): judged, and answered on `listener` by the id of the call now or later.
    struct Call {
        uint64_t id;
        pid_t caller;
        uint64_t socket;
        uint64_t address;
        uint64_t length;
    };
    void connect(const Call& call, int pidfd, int listener);

    // bind() or listen(), refused.
    void refuse_listening();

    // What was last refused, in words with the option that allows it; then empty.
    [[nodiscard]] std::string take_refusal();

  private:
    // What threads use that may outlive the broker.
    struct Shared;
    void resolve(const Call& call, int listener);
    void refuse_place(const std::string& what, const std::string& place);

    NetAccess access_;
    std::vector<NetGrant> grants_;
    std::shared_ptr<Shared> shared_;
    std::string refusal_;
};

}  // namespace kayton
