#include "worker/vm/refusals.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <mutex>

namespace kayton {
namespace {

// Plain storage: libraries open files until the very end of the process, when objects are gone.
constinit std::mutex mutex;
constinit std::array<char, 4096> noted{};
constinit int noted_error = 0;

void note(std::string_view before, const char* name, int error) {
    const std::lock_guard<std::mutex> held(mutex);
    const int size = std::snprintf(noted.data(), noted.size(), "%.*s'%s'", static_cast<int>(before.size()),
                                   before.data(), name);
    noted_error = error;
    if (size < 0 || static_cast<size_t>(size) >= noted.size()) {
        noted[0] = '\0';
    }
}

// As Rust shows an error of the system, and as its Debug does; 0 when there is none.
int number_in(std::string_view message) {
    for (const std::string_view mark : {std::string_view("os error "), std::string_view("code: ")}) {
        if (const size_t at = message.rfind(mark); at != std::string_view::npos) {
            int number = 0;
            (void)std::from_chars(message.data() + at + mark.size(), message.data() + message.size(), number);
            return number;
        }
    }
    return 0;
}

}  // namespace

void note_refused_file(const char* path, int error) {
    note("", path, error);
}

void note_refused_program(const char* name, int error) {
    note("cannot run ", name, error);
}

void forget_refused() {
    const std::lock_guard<std::mutex> held(mutex);
    noted[0] = '\0';
}

std::string with_refused(std::string_view message) {
    std::string whole(message);
    // As the C library, Rust's ErrorKind and its Debug print it.
    static constexpr std::array<std::string_view, 4> kWords{"Permission denied", "PermissionDenied",
                                                            "permission denied", "Operation not permitted"};
    const bool refused = std::any_of(kWords.begin(), kWords.end(), [&](std::string_view words) {
        return message.find(words) != std::string_view::npos;
    });
    const std::lock_guard<std::mutex> held(mutex);
    const int number = number_in(message);
    if (refused && noted[0] != '\0' && (number == 0 || number == noted_error)) {
        if (whole.find(noted.data()) == std::string::npos) {
            whole += std::string(": ") + noted.data();
        }
        noted[0] = '\0';
    }
    return whole;
}

}  // namespace kayton
