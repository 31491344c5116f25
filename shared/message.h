// The messages between supervisor and worker: plain structs, and their form on the wire. Control messages are msgpack
// arrays of exactly the members in order; output is raw bytes, since it is bulk and has no structure. The frame's type
// says which message it is. Decoding believes nothing: depth, decoded size, UTF-8, member count and full consumption
// are checked, and anything else than the message expected is a Violation.
// Plain values, safe in any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "shared/bytes.h"
#include "shared/sandbox_policy.h"
#include "shared/violation.h"

namespace kayton {

constexpr uint32_t kProtocolVersion = 5;

enum class FrameType : uint32_t {
    // worker to supervisor
    kHello = 1,
    kStandardOutput = 2,  // raw bytes
    kStandardError = 3,   // raw bytes
    kFinished = 4,
    kInputRequest = 5,
    kCheckpointMade = 6,
    kResumed = 7,
    kValues = 8,  // raw bytes
    kValuesSaved = 9,
    kValuesRestored = 10,
    kDisplay = 11,
    // supervisor to worker
    kSetup = 16,
    kSource = 17,
    kRun = 18,
    kInputReply = 19,
    kInterrupt = 20,
    kShutdown = 21,
    kCheckpoint = 22,
    kSaveValues = 23,
    kSavedValues = 24,  // raw bytes
    kRestoreValues = 25,
};

// --- worker to supervisor

struct Hello {
    uint32_t version = kProtocolVersion;
    int32_t pid = 0;
    uint64_t code_base = 0;  // where the worker mapped the arena's two regions
    uint64_t data_base = 0;
    std::vector<std::pair<std::string, uint64_t>> symbols;  // runtime functions and data, by name
    std::vector<std::string> missing_layers;                // sandbox layers that this machine does not have
};

struct Output {
    bool error = false;  // standard error, not standard output
    std::string bytes;
};

struct Finished {
    uint64_t run = 0;
    int32_t status = 0;           // the exit status the program asks for
    std::string exception_class;  // empty: ended without an uncaught exception
    std::string message;
    std::string traceback;  // rendered, as printed on standard error
    std::string leaks;      // of a leak check: the objects still alive after the end; mostly empty
};

struct InputRequest {
    uint64_t id = 0;  // 1, 2, … without gaps
    std::string prompt;
};

enum class DisplayKind : uint32_t {
    kResult,       // the value of a cell
    kShown,        // display()
    kUpdate,       // update_display(): what was shown under the id
    kClear,        // clear_output()
    kClearOnNext,  // clear_output(wait=True)
};
constexpr size_t kMaxDisplay = size_t{32} << 20;  // bytes of one display's data

// A value in the forms that a front end may show. A large one comes in pieces: the entries of one display follow one
// another, and an entry with the MIME type of the last one continues it.
struct Display {
    uint32_t kind = 0;  // DisplayKind
    std::string id;     // display id; empty: none
    std::vector<std::pair<std::string, std::string>> data;  // MIME type, text (binary ones in base64)
    bool last = true;
};

// Answers Checkpoint, from the process that goes on as the worker.
struct CheckpointMade {
    uint64_t id = 0;
    int32_t error = 0;  // the errno for which there is none; 0: a process is frozen
};

// The first message of a checkpoint that has become the worker.
struct Resumed {
    uint64_t id = 0;  // of its Checkpoint
};

// Variables, in the worker's own form, in pieces; then which are not among them, and why.
struct Values {
    std::string bytes;
};
struct ValuesSaved {
    std::vector<std::pair<std::string, uint64_t>> lost;  // the reason, the position in SaveValues
};
struct ValuesRestored {
    bool good = false;
};

// --- supervisor to worker

struct Setup {
    std::string environment_root;
    std::string bridge;  // path of the environment's bridge dylib; empty: no plugin can be opened
    bool output_is_terminal = false;
    bool one_program = false;  // its first run is its last: what waits for a program's end happens there
    bool leak_check = false;   // objects are counted, and those left at the end are told in Finished
    SandboxPolicy sandbox;
};

// A piece of a source text, for tracebacks; pieces of one file come in order.
struct Source {
    std::string file;
    std::string text;
    bool last = true;
};

struct Run {
    uint64_t id = 0;
    uint64_t entry = 0;  // address of `int32_t entry(void)` in the code arena; 0: argv is a program to start
    std::vector<std::string> argv;
    bool only_startup = false;  // the module's slots are filled, its body does not run
};

struct InputReply {
    uint64_t id = 0;
    bool end_of_file = false;
    bool interrupted = false;  // there is no line: the run is being interrupted
    std::string line;          // with its newline, which the last one may lack
};

struct Interrupt {};
struct Shutdown {};

// Asks for a copy of the process, frozen on the socket that came as a descriptor on the doorbell before.
struct Checkpoint {
    uint64_t id = 0;
    bool whole = true;  // it can go on: the worker has no other threads. Else it can give its values only.
};

// Variables, by the signature of their type and their address, saved from one worker and restored into another, where
// they stand in the same order.
struct SaveValues {
    uint64_t limit = 0;  // bytes
    std::vector<std::pair<std::string, uint64_t>> globals;
};
struct SavedValuesPiece {
    std::string bytes;
};
struct RestoreValues {
    std::vector<std::pair<std::string, uint64_t>> globals;
};

using WorkerMessage = std::variant<Hello, Output, Finished, InputRequest, CheckpointMade, Resumed, Values,
                                   ValuesSaved, ValuesRestored, Display>;
using SupervisorMessage = std::variant<Setup, Source, Run, InputReply, Interrupt, Shutdown, Checkpoint,
                                       SaveValues, SavedValuesPiece, RestoreValues>;

// Limits on what a decoded message may be.
constexpr size_t kMaxDepth = 64;
constexpr size_t kDecodedBudget = size_t{8} << 20;  // bytes of memory

struct EncodedMessage {
    FrameType type;
    Bytes payload;
};
[[nodiscard]] EncodedMessage encode(const WorkerMessage& message);
[[nodiscard]] EncodedMessage encode(const SupervisorMessage& message);

[[nodiscard]] tl::expected<WorkerMessage, Violation> decode_from_worker(uint32_t type, ByteView payload);
[[nodiscard]] tl::expected<SupervisorMessage, Violation> decode_from_supervisor(uint32_t type, ByteView payload);

}  // namespace kayton
