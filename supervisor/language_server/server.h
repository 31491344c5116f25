// LanguageServer: one conversation with an editor over the Language Server Protocol 3.17, on two descriptors. It holds
// the open documents; what the compiler says of them is worked out in Jobs, the newest version first, and requests
// about a version wait for it. Nothing an editor sends stops it but `exit` and the end of its input. One thread;
// REQUIRES that the process has no other.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/language_server/analysis.h"
#include "supervisor/language_server/answers.h"
#include "supervisor/language_server/document.h"
#include "supervisor/language_server/job.h"
#include "supervisor/language_server/transport.h"

namespace kayton::language_server {

struct ServerOptions {
    int input = 0;
    int output = 1;
    std::string version;
    std::chrono::seconds analysis_limit{20};
};

class LanguageServer {
  public:
    explicit LanguageServer(ServerOptions options);
    // Until the conversation ends: the exit status that the protocol asks for.
    [[nodiscard]] int serve();

  private:
    // A document, what is known of it, and who waits to know more.
    struct Open {
        Document document;
        std::unique_ptr<ParsedDocument> parsed;  // of this version; made when it is asked for
        Analysis analysis;                       // of the last version that was analysed
        bool analysed = false;                   // and that is this one
        std::optional<Job> job;
        std::set<std::string> published;  // URIs that have diagnostics because of it
    };
    struct Waiting {  // for the analysis of a document
        Json id;
        std::string uri;
        std::function<Json(Open&)> answer;  // the whole reply
    };
    struct Question {  // with a job of its own
        Json id;
        Job job;
        std::function<Json(const std::string&)> answer;
    };

    void handle(const std::string& text);
    void request(const Json& id, const std::string& method, const Json& params);
    void notice(const std::string& method, const Json& params);
    void send(const Json& message);
    void log(const std::string& text);

    [[nodiscard]] Json initialize() const;
    void complete(const Json& id, const Json& params);
    void ask(const Json& id, std::function<std::string()> work, std::function<Json(const std::string&)> answer);
    void when_analysed(const Json& id, Open& open, std::function<Json(Open&)> answer);
    void cancel(const Json& id);

    void open(const Json& item);
    void change(const Json& params);
    void close(const std::string& uri);
    Open& document(const Json& params);  // throws std::out_of_range for one that is not open
    const ParsedDocument& parsed(Open& open);
    [[nodiscard]] size_t offset(Open& open, const Json& params);
    void analyse_again(Open& open);
    void finish_analysis(Open& open);
    void publish(Open& open);

    void wait();
    void finish_jobs();

    ServerOptions options_;
    FrameReader reader_;
    std::map<std::string, Open> documents_;
    std::deque<Waiting> waiting_;
    std::deque<Question> questions_;
    std::vector<NameInfo> builtins_;  // and keywords
    bool initialized_ = false;
    bool shut_down_ = false;
    bool ended_ = false;
    bool input_over_ = false;
    int status_ = 1;
};

}  // namespace kayton::language_server
