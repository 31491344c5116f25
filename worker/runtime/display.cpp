// display(), clear_output() and the value of a cell: what a front end shows apart from the output.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/file.h"
#include "worker/runtime/print.h"
#include "worker/runtime/repr.h"
#include "worker/runtime/str.h"

namespace kayton {
namespace {

Display open_display;
size_t open_size = 0;

// RFC 4648, with padding.
std::string base64(std::string_view data) {
    static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((data.size() + 2) / 3 * 4);
    for (size_t i = 0; i < data.size(); i += 3) {
        uint32_t bits = 0;
        const size_t count = std::min<size_t>(3, data.size() - i);
        for (size_t k = 0; k < 3; ++k) {
            bits = bits << 8U | (k < count ? static_cast<unsigned char>(data[i + k]) : 0U);
        }
        for (size_t k = 0; k < 4; ++k) {
            text += k <= count ? kDigits[bits >> (18 - 6 * k) & 0x3fU] : '=';
        }
    }
    return text;
}

void add(KtStr* mime, std::string text) {
    open_size += text.size();
    if (open_size <= kMaxDisplay) open_display.data.emplace_back(view(mime), std::move(text));
}

}  // namespace

std::string OutputSink::plain_text(const Display& display) {
    for (const auto& [mime, text] : display.data) {
        if (mime == "text/plain") return text + "\n";
    }
    return {};
}

extern "C" {

void kt_display_begin(int64_t kind, KtStr* id) {
    if (kind < 0) return shorten_next_repr();
    open_display = Display{static_cast<uint32_t>(kind), id == nullptr ? std::string() : std::string(view(id)), {}, true};
    open_size = 0;
}

void kt_display_add(KtStr* mime, KtStr* text) {
    add(mime, std::string(view(text)));
}

void kt_display_add_bytes(KtStr* mime, KtBytes* data) {
    add(mime, base64(view(data)));
}

int32_t kt_display_end() {
    Display display = std::exchange(open_display, {});
    if (open_size > kMaxDisplay) {
        return raise(Exc::ValueError, "cannot display " + std::to_string(open_size) + " bytes, the limit is " +
                                          std::to_string(kMaxDisplay));
    }
    OutputSink* sink = output_sink();
    if (sink == nullptr) {  // no front end: as print() shows it
        const std::string text = OutputSink::plain_text(display);
        return file_write_text(standard_output(), text);
    }
    if (file_flush(standard_output()) != KT_OK) return KT_ERROR;
    sink->display(std::move(display));
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
