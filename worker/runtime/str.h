// Making and reading Kayton strings: UTF-8, their length in code points, ASCII exactly when both lengths agree.
// Strings of no or one ASCII character are shared and immortal. Used by the VM's one thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "shared/kayton_api.h"
#include "worker/runtime/memory.h"

namespace kayton {

[[nodiscard]] inline std::string_view view(const KtStr* text) {
    return {text->data, static_cast<size_t>(text->byte_len)};
}
[[nodiscard]] inline bool is_ascii(const KtStr* text) {
    return text->byte_len == text->length;
}

// Uninitialised text; the caller fills data and sets length.
[[nodiscard]] KtStr* str_alloc(int64_t byte_len);
[[nodiscard]] KtStr* str_new(std::string_view utf8);                          // REQUIRES: valid UTF-8
[[nodiscard]] KtStr* str_new_counted(std::string_view utf8, int64_t length);  // length in code points
[[nodiscard]] KtStr* str_of_code_point(char32_t code_point);
[[nodiscard]] KtStr* str_empty();
[[nodiscard]] KtStr* ascii_char(unsigned char c);
[[nodiscard]] inline KtStr* same(KtStr* text) {
    retain(text);
    return text;
}

// Byte offset of a code point index in 0..length.
[[nodiscard]] int64_t byte_offset(const KtStr* text, int64_t index);
// Code point index of a byte offset.
[[nodiscard]] int64_t char_index(const KtStr* text, int64_t offset);

// start and stop of a slice with step 1, in 0..length; absent bounds are kAbsent.
void clamp_bounds(int64_t length, int64_t& start, int64_t& stop);
// Python's slice.indices: the bounds made definite for the step; returns how many elements it takes. REQUIRES step != 0
[[nodiscard]] int64_t slice_indices(int64_t length, int64_t& start, int64_t& stop, int64_t step);

// Builds a string of unknown length; what it holds is released unless it is finished.
class TextBuilder {
  public:
    explicit TextBuilder(size_t expected = 48)
        : text_(str_alloc(static_cast<int64_t>(expected))), capacity_(expected) {}
    TextBuilder(const TextBuilder&) = delete;
    TextBuilder& operator=(const TextBuilder&) = delete;
    ~TextBuilder();

    void add(char c) {
        if (used_ == capacity_) grow(1);
        text_->data[used_++] = c;
    }
    void add(std::string_view part) {
        if (part.empty()) return;
        if (capacity_ - used_ < part.size()) grow(part.size());
        std::memcpy(text_->data + used_, part.data(), part.size());
        used_ += part.size();
    }
    void add(const KtStr* part) { add(view(part)); }
    void fill(std::string_view one, int64_t times) {
        for (int64_t i = 0; i < times; ++i) add(one);
    }
    void add_code_point(char32_t code_point);
    [[nodiscard]] char* reserve(size_t bytes) {  // room to be written, then advanced
        if (capacity_ - used_ < bytes) grow(bytes);
        return text_->data + used_;
    }
    void advance(size_t bytes) { used_ += bytes; }
    [[nodiscard]] size_t size() const { return used_; }
    [[nodiscard]] std::string_view text() const { return {text_->data, used_}; }
    void truncate(size_t bytes) { used_ = bytes; }
    [[nodiscard]] KtStr* finish();

  private:
    void grow(size_t more);
    KtStr* text_;
    size_t capacity_;
    size_t used_ = 0;
};

}  // namespace kayton
