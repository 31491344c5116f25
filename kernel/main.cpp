// kayton-kernel: the Jupyter kernel. A Jupyter client starts it with a connection file; `kik kernel install` tells
// clients how.
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>

#include "kernel/session/kernel.h"
#include "kernel/wire/connection_file.h"
#include "shared/environment.h"
#include "shared/version.h"

namespace kayton::kernel {
namespace {

constexpr int kUsageExit = 2;

int report(const Error& error) {
    std::fprintf(stderr, "kayton-kernel: %s\n", error.message.c_str());
    if (!error.remedy.empty()) {
        std::fprintf(stderr, "help: %s\n", error.remedy.c_str());
    }
    return error.kind == ErrorKind::kInternal || error.kind == ErrorKind::kUsage ? kUsageExit : 1;
}

void on_interrupt(int) {
    Kernel::request_interrupt();
}
void on_terminate(int) {
    Kernel::request_stop();
}

void watch_signals() {
    const auto set = [](int signal, void (*function)(int)) {
        struct sigaction action{};
        action.sa_handler = function;
        ::sigemptyset(&action.sa_mask);
        ::sigaction(signal, &action, nullptr);
    };
    set(SIGINT, on_interrupt);
    set(SIGTERM, on_terminate);
    set(SIGHUP, on_terminate);
    set(SIGPIPE, SIG_IGN);
}

// A closed standard stream would give its number to the next file that is opened.
void open_standard_streams() {
    for (int descriptor = 0; descriptor <= 2; ++descriptor) {
        if (::fcntl(descriptor, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != descriptor) {
            ::_exit(kUsageExit);
        }
    }
}

std::filesystem::path history_file() {
    const auto home = kayton_home();
    if (!home) {
        return {};
    }
    std::error_code error;
    std::filesystem::create_directories(*home, error);
    return error ? std::filesystem::path() : *home / "kernel_history.jsonl";
}

int run(const std::string& connection_file, const std::string& environment_root, const std::string& lexer) {
    KernelOptions options;
    if (!lexer.empty()) {
        options.lexer = lexer;
    }
    const std::filesystem::path root = environment_root;
    Result<Environment> environment = root.empty() ? active_environment() : open_environment(root.filename(), root);
    std::error_code error;
    if (!root.empty() && !std::filesystem::is_directory(root / "metadata", error)) {
        options.executor.missing_environment = "this kernel's environment is gone: " + root.string() +
                                               " (make it again with `kik create " + root.filename().string() +
                                               "`, or choose another kernel)";
        environment = Environment{root.filename(), root, {}};
    }
    if (!environment) {
        options.executor.missing_environment = environment.error().message;
        environment = Environment{root.filename(), root, {}};
    }
    options.executor.session.environment = std::move(*environment);
    options.executor.session.checkpoints = true;
    options.executor.session.output_is_terminal = true;  // a person waits for the lines
    if (const char* memory = std::getenv("KAYTON_UNDO_MEMORY"); memory != nullptr) {  // MiB
        options.executor.session.undo_memory = std::strtoull(memory, nullptr, 10) << 20U;
    }
    options.history_file = history_file();

    const auto connection = read_connection_file(connection_file);
    if (!connection) {
        return report(connection.error());
    }
    auto signer = Signer::create(connection->key, connection->signature_scheme);
    if (!signer) {
        return report(signer.error());
    }
    auto sockets = Sockets::bind(*connection);
    if (!sockets) {
        return report(sockets.error());
    }
    watch_signals();
    Kernel kernel(std::move(options), MessageCodec(std::move(*signer)), **sockets);
    kernel.serve();
    return 0;
}

}  // namespace
}  // namespace kayton::kernel

int main(int argc, char** argv) {
    kayton::kernel::open_standard_streams();
    ::mallopt(M_ARENA_MAX, 2);
    CLI::App app{"The Jupyter kernel for Kayton; Jupyter starts it. Install it with `kik kernel install`."};
    app.set_version_flag("--version", kayton::version_line("kayton-kernel"));
    std::string connection_file;
    std::string environment;
    app.add_option("-f,--connection-file", connection_file, "The connection file that the client wrote")->required();
    app.add_option("--environment", environment, "The folder of the environment; else the active one");
    std::string lexer;
    app.add_option("--pygments-lexer", lexer, "What colours exported cells (python3); the package for Jupyter brings kayton");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kayton::kernel::kUsageExit;
    }
    try {
        return kayton::kernel::run(connection_file, environment, lexer);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "kayton-kernel: unexpected: %s\n", problem.what());
        return kayton::kernel::kUsageExit;
    }
}
