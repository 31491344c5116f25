// An exclusive lock between processes: flock on a file that is never unlinked and lies outside what can be removed.
// The holder's process id and command stand in the file, so that who waits can say for whom. Released when the object
// goes or its process dies. One thread at a time.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "shared/result.h"
#include "shared/unique_fd.h"

namespace kayton::kik {

class Lock {
  public:
    // `subject` is what is locked, for messages ("`demo`"); `command` what this process does ("rinstall regex").
    // `say` is called once, with a line, when there is somebody to wait for. kSystem when the time is up.
    [[nodiscard]] static Result<Lock> take(const std::filesystem::path& file, const std::string& subject,
                                           const std::string& command,
                                           const std::function<void(const std::string&)>& say,
                                           std::chrono::seconds patience = std::chrono::minutes(30));

  private:
    explicit Lock(UniqueFd descriptor) : descriptor_(std::move(descriptor)) {}
    UniqueFd descriptor_;
};

}  // namespace kayton::kik
