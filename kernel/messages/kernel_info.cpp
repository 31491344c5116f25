#include "kernel/messages/kernel_info.h"

namespace kayton::kernel {

Json kernel_info(const std::string& lexer) {
    return {{"status", "ok"},
            {"protocol_version", kProtocolVersion},
            {"implementation", "kayton"},
            {"implementation_version", KAYTON_VERSION},
            {"language_info",
             {{"name", "kayton"},
              {"version", KAYTON_VERSION},
              {"mimetype", "text/x-python"},
              {"file_extension", ".kay"},
              {"pygments_lexer", lexer},
              {"codemirror_mode", {{"name", "python"}, {"version", 3}}},
              {"nbconvert_exporter", "script"}}},
            {"banner", "Kayton " KAYTON_VERSION
                       "\nCells are compiled to native code; a cell that crashes ends its worker, not the notebook."},
            {"debugger", false},
            {"supported_features", Json::array({"kernel subshells"})},
            {"help_links",
             {{{"text", "Python's tutorial"}, {"url", "https://docs.python.org/3/tutorial/"}},
              {{"text", "Rust crates"}, {"url", "https://docs.rs"}}}}};
}

}  // namespace kayton::kernel
