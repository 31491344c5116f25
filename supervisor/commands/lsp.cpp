// kayton lsp: the language server, for editors; it speaks on standard input and output until it is told to end.
#include <csignal>

#include "supervisor/commands/commands.h"
#include "supervisor/language_server/server.h"

namespace kayton {

int lsp_command() {
    std::signal(SIGPIPE, SIG_IGN);  // an editor that went away is the end of the conversation
    language_server::ServerOptions options;
    options.version = KAYTON_VERSION;
    return language_server::LanguageServer(std::move(options)).serve();
}

}  // namespace kayton
