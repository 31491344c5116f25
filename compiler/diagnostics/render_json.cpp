// Diagnostics as a JSON array, for editors and tools.
#include <nlohmann/json.hpp>

#include "compiler/diagnostics/diagnostics.h"

namespace kayton {

namespace {

nlohmann::ordered_json place_of(const Label& label) {
    nlohmann::ordered_json json;
    if (label.file == nullptr) return json;
    const LineColumn begin = label.file->position(label.span.begin);
    const LineColumn end = label.file->position(label.span.end);
    json["file"] = label.file->name();
    json["line"] = begin.line;
    json["column"] = begin.column;
    json["end_line"] = end.line;
    json["end_column"] = end.column;
    json["label"] = label.text;
    return json;
}

}  // namespace

std::string render_json(const std::vector<Diagnostic>& diagnostics) {
    nlohmann::ordered_json array = nlohmann::ordered_json::array();
    for (const Diagnostic& diagnostic : in_source_order(diagnostics)) {
        const DiagInfo& info = diag_info(diagnostic.code);
        nlohmann::ordered_json json;
        json["code"] = info.code;
        json["severity"] = diagnostic.severity() == Severity::kError ? "error" : "warning";
        json["message"] = diagnostic.message;
        json.update(place_of(diagnostic.primary));
        json["secondary"] = nlohmann::ordered_json::array();
        for (const Label& label : diagnostic.secondary) json["secondary"].push_back(place_of(label));
        json["help"] = diagnostic.help;
        array.push_back(std::move(json));
    }
    return array.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace kayton
