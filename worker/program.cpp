#include "worker/program.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "worker/loop.h"
#include "worker/plugins/plugin_loader.h"
#include "worker/plugins/startup.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/file.h"
#include "worker/runtime/leak_check.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/print.h"
#include "worker/runtime/program_arguments.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/runtime_symbols.h"
#include "worker/runtime/teardown.h"
#include "worker/runtime/traceback.h"
#include "worker/runtime/vm_state.h"
#include "worker/vm/vm_api.h"

namespace kayton {
namespace {

constexpr int32_t kStatusException = 1;
constexpr int32_t kStatusInterrupted = 130;          // 128 + SIGINT
constexpr size_t kStackReserve = size_t{512} << 10;  // for what runs below the last Kayton frame: runtime, plugins

class MessageOutput : public OutputSink {
  public:
    explicit MessageOutput(Loop& loop) : loop_(loop) {}
    void write(int stream, std::string_view data) override { loop_.write_output(stream == 2, data); }
    void display(Display display) override { loop_.show(std::move(display)); }

  private:
    Loop& loop_;
};

// Lines asked of the supervisor, given out in the pieces the runtime reads.
class MessageInput : public InputSource {
  public:
    explicit MessageInput(Loop& loop) : loop_(loop) {}
    long read(char* data, size_t size) override {
        if (at_ == line_.size()) {
            line_.clear();
            at_ = 0;
            switch (loop_.read_input(std::exchange(prompt_, {}), line_)) {
                case Loop::InputState::kLine: break;
                case Loop::InputState::kEndOfFile: return 0;
                case Loop::InputState::kInterrupted: return -EINTR;
            }
        }
        const size_t part = std::min(size, line_.size() - at_);
        std::memcpy(data, line_.data() + at_, part);
        at_ += part;
        return static_cast<long>(part);
    }

    bool ask(std::string_view prompt) override {
        if (at_ < line_.size()) {
            return false;
        }
        prompt_ = prompt;
        return true;
    }

  private:
    Loop& loop_;
    std::string prompt_;
    std::string line_;
    size_t at_ = 0;
};

// What lives as long as the process: plugins and modules keep pointers to it.
struct Program {
    Program(Loop& loop, const std::string& bridge) : output(loop), input(loop), plugins(vm, bridge) {}

    MessageOutput output;
    MessageInput input;
    Vm vm;
    PluginLoader plugins;
    bool ends_with_run = false;
};
std::optional<Program> program;

ProgramEnd end_of(KtException* exception) {
    ProgramEnd end;
    end.exception_class = exception->base.type->name;
    if (is_subclass(exception->base.type, exception_type(Exc::SystemExit))) {
        end.status = exit_status(exception);
        return end;
    }
    end.status = is_subclass(exception->base.type, exception_type(Exc::KeyboardInterrupt)) ? kStatusInterrupted
                                                                                           : kStatusException;
    end.message = exception_text(exception);
    end.traceback = render_traceback(exception);
    return end;
}

}  // namespace

void prepare_program(Loop& loop, const Setup& setup, const char* stack_top) {
    program.emplace(loop, setup.bridge);
    program->ends_with_run = setup.one_program;
    if (setup.leak_check) start_leak_check();
    install_output_sink(&program->output);
    install_input_source(&program->input);
    // Every write goes into the ring at once, which costs about what a buffer would: nothing waits for a flush when a
    // library computes for long, and nothing is lost when it crashes.
    standard_output()->unbuffered = true;
    set_plugin_loader(&program->plugins);
    rlimit stack{};
    ::getrlimit(RLIMIT_STACK, &stack);
    kt_stack_limit = stack_top - stack.rlim_cur + kStackReserve;
    keep_reserve();
}

ProgramEnd start_program(uint64_t entry) {
    stop_after_startup(true);
    const auto function = reinterpret_cast<int32_t (*)()>(entry);
    (void)function();
    stop_after_startup(false);
    ProgramEnd end;
    // Without an exception the start-up was complete.
    if (KtException* exception = kt_exception_take()) {
        end = end_of(exception);
        release(exception);
    }
    return end;
}

namespace {

std::vector<GlobalPlace> places_of(const std::vector<std::pair<std::string, uint64_t>>& globals) {
    std::vector<GlobalPlace> places;
    places.reserve(globals.size());
    for (const auto& [signature, address] : globals) {
        places.push_back({signature, address});
    }
    return places;
}

}  // namespace

SavedValues save_program_values(const std::vector<std::pair<std::string, uint64_t>>& globals, uint64_t limit) {
    return save_values(places_of(globals), limit);
}

bool restore_program_values(const std::vector<std::pair<std::string, uint64_t>>& globals, ByteView bytes) {
    return restore_values(places_of(globals), bytes);
}

ProgramEnd run_program(uint64_t entry, const std::vector<std::string>& argv) {
    set_program_arguments(argv);
    const auto function = reinterpret_cast<int32_t (*)()>(entry);
    const int32_t status = function();
    ProgramEnd end;
    if (status != KT_OK) {
        KtException* exception = kt_exception_take();
        end = end_of(exception);
        release(exception);
    }
    if (program->ends_with_run && (vm.leak_check || end_matters())) {
        end_program();
    }
    if (vm.leak_check) {
        end.leaks = leak_report();
    }
    flush_standard_output();
    return end;
}

void add_program_source(const std::string& file, const std::string& text) {
    register_source(file, text);
}

std::vector<std::pair<std::string, uint64_t>> program_symbols() {
    std::vector<std::pair<std::string, uint64_t>> symbols;
    for (const RuntimeSymbol& symbol : runtime_symbols()) {
        symbols.emplace_back(symbol.name, reinterpret_cast<uint64_t>(symbol.address));
    }
    return symbols;
}

void request_interrupt() {
    kt_interrupt_flag = kt_interrupt_flag | kInterruptRequest;
}
void clear_interrupt() {
    kt_interrupt_flag = 0;
}
bool interrupt_requested() {
    return (kt_interrupt_flag & kInterruptRequest) != 0;
}

}  // namespace kayton
