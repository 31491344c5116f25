#include "supervisor/language_server/server.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "compiler/compile.h"
#include "compiler/query/cursor.h"

namespace kayton::language_server {
namespace {

// The last line before the cursor, for `import` and `from`.
struct ImportLine {
    bool crate = false;
    std::string module;  // empty: the module itself is being written
    std::string prefix;
};

std::optional<ImportLine> import_line(std::string_view text, size_t offset) {
    const size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
    std::string_view line = text.substr(newline == std::string_view::npos ? 0 : newline + 1);
    line = line.substr(0, offset - static_cast<size_t>(line.data() - text.data()));
    const auto word = [&line] {
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        const std::string_view found = line.substr(0, std::min(line.find_first_of(" \t"), line.size()));
        line.remove_prefix(found.size());
        return found;
    };
    const std::string_view first = word();
    const bool from = first == "from";
    if ((!from && first != "import" && first != "rimport") || line.empty()) {
        return std::nullopt;
    }
    if (!from) {
        const std::string_view names = line.substr(line.find_last_of(" \t,") + 1);
        return ImportLine{first == "rimport", "", std::string(names)};
    }
    const std::string_view module = word();
    if (line.empty()) {
        return ImportLine{false, "", std::string(module)};
    }
    const std::string_view how = word();
    if ((how != "import" && how != "rimport") || line.empty()) {
        return std::nullopt;
    }
    return ImportLine{how == "rimport", std::string(module), std::string(line.substr(line.find_last_of(" \t,(") + 1))};
}

std::vector<NameInfo> names_without_import() {
    return Compiler(Environment{}).visible_names();
}

}  // namespace

LanguageServer::LanguageServer(ServerOptions options)
    : options_(std::move(options)), builtins_(names_without_import()) {}

int LanguageServer::serve() {
    while (!ended_) {
        while (auto text = reader_.next()) {
            handle(*text);
            if (ended_) {
                return status_;
            }
        }
        if (reader_.broken()) {
            send(error_reply(nullptr, ErrorCode::kParseError, "a message without a good Content-Length"));
            return 1;
        }
        if (input_over_) {
            return shut_down_ ? 0 : 1;
        }
        wait();
        finish_jobs();
    }
    return status_;
}

// Until something is to be done: input, the end of a job, or the end of its time.
void LanguageServer::wait() {
    std::vector<pollfd> ready{{options_.input, POLLIN, 0}};
    auto deadline = std::chrono::steady_clock::time_point::max();
    const auto add = [&](const Job& job) {
        ready.push_back({job.descriptor(), POLLIN, 0});
        deadline = std::min(deadline, job.deadline());
    };
    for (const auto& [uri, open] : documents_) {
        if (open.job) {
            add(*open.job);
        }
    }
    for (const Question& question : questions_) {
        add(question.job);
    }
    int timeout = -1;
    if (ready.size() > 1) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        timeout = static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000));
    }
    if (::poll(ready.data(), ready.size(), timeout) <= 0 || ready.front().revents == 0) {
        return;
    }
    std::array<char, 65536> buffer;
    const ssize_t size = ::read(options_.input, buffer.data(), buffer.size());
    if (size > 0) {
        reader_.feed({buffer.data(), static_cast<size_t>(size)});
    } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
        input_over_ = true;
    }
}

void LanguageServer::finish_jobs() {
    for (auto& [uri, open] : documents_) {
        if (open.job && open.job->read()) {
            finish_analysis(open);
        }
    }
    for (auto question = questions_.begin(); question != questions_.end();) {
        if (!question->job.read()) {
            ++question;
            continue;
        }
        auto taken = question->job.take();
        send(taken ? question->answer(taken->lines.front())
                   : error_reply(question->id, ErrorCode::kInternalError, taken.error().message));
        question = questions_.erase(question);
    }
}

void LanguageServer::send(const Json& message) {
    if (!write_message(options_.output, message)) {
        ended_ = true;  // nobody listens
    }
}

void LanguageServer::log(const std::string& text) {
    send(notification("window/logMessage", {{"type", 2}, {"message", text}}));
}

void LanguageServer::handle(const std::string& text) {
    const Json message = Json::parse(text, nullptr, false);
    if (message.is_discarded()) {
        send(error_reply(nullptr, ErrorCode::kParseError, "the message is no JSON"));
        return;
    }
    const Json none;
    const bool whole = message.is_object() && message.contains("method") && message["method"].is_string();
    const Json id = message.is_object() && message.contains("id") ? message["id"] : none;
    if (!whole) {
        // An answer to a request of ours, of which there are none, is ignored.
        const bool answer = message.is_object() && (message.contains("result") || message.contains("error"));
        if (!answer) {
            send(error_reply(id, ErrorCode::kInvalidRequest, "the message has no method"));
        }
        return;
    }
    const std::string method = message["method"];
    const Json params = message.contains("params") ? message["params"] : Json::object();
    try {
        if (id.is_null()) {
            notice(method, params);
        } else {
            request(id, method, params);
        }
    } catch (const std::out_of_range&) {
        send(error_reply(id, ErrorCode::kInvalidParams, "the document is not open"));
    } catch (const Json::exception& error) {
        const std::string what = method + ": " + error.what();
        if (id.is_null()) {
            log(what);
        } else {
            send(error_reply(id, ErrorCode::kInvalidParams, what));
        }
    }
}

Json LanguageServer::initialize() const {
    return {{"capabilities",
             {{"positionEncoding", "utf-16"},
              {"textDocumentSync", {{"openClose", true}, {"change", 2}}},
              {"completionProvider", {{"triggerCharacters", {"."}}}},
              {"hoverProvider", true},
              {"definitionProvider", true},
              {"referencesProvider", true},
              {"documentSymbolProvider", true},
              {"renameProvider", {{"prepareProvider", true}}}}},
            {"serverInfo", {{"name", "kayton"}, {"version", options_.version}}}};
}

void LanguageServer::request(const Json& id, const std::string& method, const Json& params) {
    if (shut_down_) {
        send(error_reply(id, ErrorCode::kInvalidRequest, "the server is shut down"));
    } else if (method == "initialize") {
        if (initialized_) {
            send(error_reply(id, ErrorCode::kInvalidRequest, "initialize comes once"));
            return;
        }
        initialized_ = true;
        send(reply(id, initialize()));
    } else if (!initialized_) {
        send(error_reply(id, ErrorCode::kServerNotInitialized, "initialize comes first"));
    } else if (method == "shutdown") {
        shut_down_ = true;
        send(reply(id, nullptr));
    } else if (method == "textDocument/completion") {
        complete(id, params);
    } else if (method == "textDocument/documentSymbol") {
        send(reply(id, document_symbols(parsed(document(params)))));
    } else if (method == "textDocument/references") {
        Open& open = document(params);
        const bool with_definition = params.at("context").at("includeDeclaration");
        send(reply(id, references(parsed(open), offset(open, params), with_definition)));
    } else if (method == "textDocument/hover" || method == "textDocument/definition") {
        Open& open = document(params);
        const size_t at = offset(open, params);
        const auto answer = method == "textDocument/hover" ? &hover : &definition;
        when_analysed(id, open, [this, id, at, answer](Open& known) {
            return reply(id, answer(parsed(known), known.analysis.names, at));
        });
    } else if (method == "textDocument/prepareRename" || method == "textDocument/rename") {
        Open& open = document(params);
        const size_t at = offset(open, params);
        const bool prepare = method == "textDocument/prepareRename";
        const std::string new_name = prepare ? std::string() : params.at("newName").get<std::string>();
        when_analysed(id, open, [this, id, at, prepare, new_name](Open& known) {
            const Names& names = known.analysis.names;
            auto result = prepare ? prepare_rename(parsed(known), names, at)
                                  : rename(parsed(known), names, known.document.uri, at, new_name);
            if (!result) {
                const Error& error = result.error();
                return error_reply(id, ErrorCode::kRequestFailed,
                                   error.message + (error.remedy.empty() ? "" : ": " + error.remedy));
            }
            return reply(id, std::move(*result));
        });
    } else {
        send(error_reply(id, ErrorCode::kMethodNotFound, "there is no method " + method));
    }
}

void LanguageServer::notice(const std::string& method, const Json& params) {
    if (method == "exit") {
        ended_ = true;
        status_ = shut_down_ ? 0 : 1;
    } else if (!initialized_ || shut_down_) {
        return;
    } else if (method == "$/cancelRequest") {
        cancel(params.at("id"));
    } else if (method == "textDocument/didOpen") {
        open(params.at("textDocument"));
    } else if (method == "textDocument/didChange") {
        change(params);
    } else if (method == "textDocument/didClose") {
        close(params.at("textDocument").at("uri"));
    } else if (method == "textDocument/didSave" || method == "workspace/didChangeWatchedFiles") {
        for (auto& [uri, open] : documents_) {  // what it imports may have changed
            analyse_again(open);
        }
    }
}

// --- documents

void LanguageServer::open(const Json& item) {
    Document document;
    document.uri = item.at("uri");
    document.path = path_of_uri(document.uri);
    document.version = item.at("version");
    document.text = item.at("text");
    close(document.uri);
    Open& open = documents_[document.uri];
    open.document = std::move(document);
    analyse_again(open);
}

void LanguageServer::change(const Json& params) {
    Open& open = document(params);
    Document changed = open.document;  // all of it, or nothing
    changed.version = params.at("textDocument").at("version");
    for (const Json& part : params.at("contentChanges")) {
        changed.apply(part);
    }
    open.document = std::move(changed);
    open.parsed.reset();
    analyse_again(open);
}

void LanguageServer::close(const std::string& uri) {
    const auto known = documents_.find(uri);
    if (known == documents_.end()) {
        return;
    }
    for (const Waiting& waiting : waiting_) {
        if (waiting.uri == uri) {
            send(error_reply(waiting.id, ErrorCode::kRequestFailed, "the document was closed"));
        }
    }
    std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.uri == uri; });
    known->second.analysis = Analysis{};
    publish(known->second);
    documents_.erase(known);
}

LanguageServer::Open& LanguageServer::document(const Json& params) {
    return documents_.at(params.at("textDocument").at("uri").get<std::string>());
}

const ParsedDocument& LanguageServer::parsed(Open& open) {
    if (open.parsed == nullptr) {
        open.parsed = std::make_unique<ParsedDocument>(open.document);
    }
    return *open.parsed;
}

size_t LanguageServer::offset(Open& open, const Json& params) {
    return parsed(open).positions().offset(params.at("position"));
}

void LanguageServer::analyse_again(Open& open) {
    open.analysed = false;
    open.job.reset();
    auto job = Job::start([&open](const Job::Say& say) { analyse(open.document, say); }, options_.analysis_limit);
    if (job) {
        open.job = std::move(*job);
    } else {
        log(job.error().message);
    }
}

void LanguageServer::finish_analysis(Open& open) {
    auto taken = open.job->take();
    open.job.reset();
    open.analysed = true;
    auto analysis = taken ? read_analysis(taken->lines) : tl::unexpected(taken.error());
    const std::string unfinished = analysis ? taken->unfinished : analysis.error().message;
    open.analysis = analysis ? std::move(*analysis) : Analysis{};
    if (!unfinished.empty()) {
        log("the analysis of " + open.document.path + " is not whole: " + unfinished);
    }
    publish(open);
    std::deque<Waiting> waiting;
    waiting.swap(waiting_);
    for (Waiting& one : waiting) {
        if (one.uri == open.document.uri) {
            send(one.answer(open));
        } else {
            waiting_.push_back(std::move(one));
        }
    }
}

// The document's diagnostics, and those of what it imports unless that is open itself; what was there before goes.
void LanguageServer::publish(Open& open) {
    std::set<std::string> stale = std::exchange(open.published, {});
    stale.insert(open.document.uri);
    const std::string own = uri_of_path(open.document.path);
    for (const auto& [uri, list] : open.analysis.diagnostics) {
        const std::string& target = uri == own ? open.document.uri : uri;
        if (target != open.document.uri && documents_.contains(target)) {
            continue;
        }
        Json params{{"uri", target}, {"diagnostics", list}};
        if (target == open.document.uri) {
            params["version"] = open.document.version;
        }
        send(notification("textDocument/publishDiagnostics", std::move(params)));
        open.published.insert(target);
        stale.erase(target);
    }
    for (const std::string& uri : stale) {
        Json params{{"uri", uri}, {"diagnostics", Json::array()}};
        if (uri == open.document.uri) {
            params["version"] = open.document.version;
        }
        send(notification("textDocument/publishDiagnostics", std::move(params)));
    }
}

// --- requests that take time

void LanguageServer::when_analysed(const Json& id, Open& open, std::function<Json(Open&)> answer) {
    if (open.analysed || !open.job) {
        send(answer(open));
    } else {
        waiting_.push_back({id, open.document.uri, std::move(answer)});
    }
}

void LanguageServer::ask(const Json& id, std::function<std::string()> work,
                         std::function<Json(const std::string&)> answer) {
    auto job = Job::start([&work](const Job::Say& say) { say(work()); }, options_.analysis_limit);
    if (!job) {
        send(error_reply(id, ErrorCode::kInternalError, job.error().message));
        return;
    }
    questions_.push_back({id, std::move(*job), std::move(answer)});
}

void LanguageServer::cancel(const Json& id) {
    const bool known = std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& w) { return w.id == id; }) ||
                       std::any_of(questions_.begin(), questions_.end(), [&](const Question& q) { return q.id == id; });
    if (!known) {
        return;  // answered already
    }
    std::erase_if(waiting_, [&](const Waiting& w) { return w.id == id; });
    std::erase_if(questions_, [&](const Question& q) { return q.id == id; });
    send(error_reply(id, ErrorCode::kRequestCancelled, "cancelled"));
}

void LanguageServer::complete(const Json& id, const Json& params) {
    Open& open = document(params);
    const size_t at = offset(open, params);
    const Document& document = open.document;
    const query::Cursor cursor = query::cursor_at(document.text, at, false);
    const std::string prefix = document.text.substr(cursor.begin, at - cursor.begin);
    const auto members = [id, prefix](const std::string& text) {
        auto found = read_members(text);
        return found ? reply(id, completion_items(*found, prefix))
                     : error_reply(id, ErrorCode::kInternalError, found.error().message);
    };
    if (const auto line = import_line(document.text, at)) {
        if (!line->module.empty()) {
            ask(id, [&] { return find_module_members(document, line->module, line->crate); }, members);
            return;
        }
        // `import os.pa`: what is written of a dotted name stays.
        std::vector<NameInfo> modules = importable(document, line->prefix, line->crate);
        const size_t written = line->prefix.size() - prefix.size();
        for (NameInfo& module : modules) {
            module.name.erase(0, written);
        }
        send(reply(id, completion_items(modules, prefix)));
    } else if (cursor.dot != std::string::npos) {
        ask(id, [&] { return find_members(document, at); }, members);
    } else {
        std::vector<NameInfo> names = visible_names(parsed(open), open.analysis.names, at);
        names.insert(names.end(), builtins_.begin(), builtins_.end());
        send(reply(id, completion_items(names, prefix)));
    }
}

}  // namespace kayton::language_server
