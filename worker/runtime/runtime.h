// The runtime functions that generated code calls: one declaration for every line of shared/runtime.def, checked
// against it in runtime_symbols.cpp. Objects given are borrowed, objects returned are owned by the caller; a status
// other than KT_OK leaves `out` untouched and an exception pending (KT_STOP: none). Called by the worker's one thread
// only.
#pragma once

#include <cstdint>

#include "shared/kayton_api.h"
#include "shared/object_layout.h"

namespace kayton {

struct KtFile;

extern "C" {

// --- data symbols
extern const KtTypeInfo kt_type_none, kt_type_bool, kt_type_int, kt_type_float, kt_type_str, kt_type_bytes,
    kt_type_dynamic;
extern volatile int32_t kt_interrupt_flag;
extern const char* kt_stack_limit;
extern int64_t kt_recursion_left;
extern KtAsciiChars kt_ascii_chars;

// --- memory, types, start
void kt_dealloc(void* object);
void kt_value_retain(const KtTypeInfo* type, const void* value);
void kt_retain(void* object);
void kt_release(void* object);
void kt_retain_value(const KtTypeInfo* type, int64_t payload);
void kt_release_value(const KtTypeInfo* type, int64_t payload);
void kt_value_release(const KtTypeInfo* type, const void* value);
int32_t kt_startup(const KtStartupTable* table);
int32_t kt_safepoint();
KtBox* kt_box_new(const KtTypeInfo* type, const void* value);
void* kt_object_new(const KtTypeInfo* type);
void* kt_object_copy(void* object);
int32_t kt_deepcopy(const KtTypeInfo* type, const void* value, KtDict* memo, void* out);
KtDict* kt_deepcopy_memo();
KtClosure* kt_closure_new(void* code, void (*drop)(KtClosure*), int64_t captures);
KtCell* kt_cell_new(const KtTypeInfo* type);

// --- any value, by its type
int32_t kt_repr(const KtTypeInfo* type, const void* value, KtStr** out);
int32_t kt_str(const KtTypeInfo* type, const void* value, KtStr** out);
int32_t kt_ascii(const KtTypeInfo* type, const void* value, KtStr** out);
int32_t kt_format(const KtTypeInfo* type, const void* value, KtStr* spec, KtStr** out);
int32_t kt_eq(const KtTypeInfo* type, const void* a, const void* b, uint8_t* out);
int32_t kt_compare(const KtTypeInfo* type, const void* a, const void* b, int64_t operation, uint8_t* out);
int32_t kt_hash(const KtTypeInfo* type, const void* value, int64_t* out);
int32_t kt_truth(const KtTypeInfo* type, const void* value, uint8_t* out);
int64_t kt_id(const KtTypeInfo* type, const void* value);
KtStr* kt_type_name(const KtTypeInfo* type, const void* value);
int32_t kt_class_name(const KtTypeInfo* type, const void* value, KtStr** out);
int32_t kt_type_of(const KtTypeInfo* type, const void* value, void* out);
uint8_t kt_isinstance(void* object, const KtTypeInfo* type);

// --- raising and handling
KtException* kt_exception_new(const KtTypeInfo* type, KtList* args);
KtException* kt_exception_new_str(const KtTypeInfo* type, KtStr* text);
void kt_exception_init(KtException* exception, KtList* args);
void kt_raise(KtException* exception, KtException* cause);
void kt_raise_suppressed(KtException* exception);
void kt_raise_message(const KtTypeInfo* type, const char* message);
void kt_raise_overflow(const char* operation);
void kt_raise_index(const char* what);
void kt_raise_key(const KtTypeInfo* type, const void* key);
void kt_raise_recursion();
void kt_raise_unbound(const char* name);
KtException* kt_exception_take();
void kt_exception_restore(KtException* exception);
uint8_t kt_exception_matches(KtException* exception, const KtTypeInfo* type);
void kt_handling_push(KtException* exception);
void kt_handling_pop();
KtException* kt_handling_current();
int32_t kt_exception_str(KtException* exception, KtStr** out);
KtList* kt_exception_args(KtException* exception);
KtStr* kt_exception_message(KtException* exception);
void kt_traceback_add(const KtFrameInfo* frame, int64_t position);

// --- int, float, bool
int32_t kt_int_floordiv(int64_t a, int64_t b, int64_t* out);
int32_t kt_int_mod(int64_t a, int64_t b, int64_t* out);
int32_t kt_int_truediv(int64_t a, int64_t b, double* out);
int32_t kt_int_pow(int64_t base, int64_t exponent, int64_t* out);
int32_t kt_int_pow_mod(int64_t base, int64_t exponent, int64_t modulus, int64_t* out);
int32_t kt_int_lshift(int64_t value, int64_t count, int64_t* out);
int32_t kt_int_rshift(int64_t value, int64_t count, int64_t* out);
int32_t kt_int_from_str(KtStr* text, int64_t base, int64_t* out);
int32_t kt_int_from_bytes_text(KtBytes* bytes, int64_t base, int64_t* out);
int32_t kt_int_from_float(double value, int64_t* out);
KtStr* kt_int_str(int64_t value);
KtStr* kt_int_bin(int64_t value);
KtStr* kt_int_oct(int64_t value);
KtStr* kt_int_hex(int64_t value);
int64_t kt_int_bit_length(int64_t value);
int64_t kt_int_bit_count(int64_t value);
int32_t kt_int_round(int64_t value, int64_t digits, int64_t* out);
int32_t kt_int_to_bytes(int64_t value, int64_t length, KtStr* order, uint8_t is_signed, KtBytes** out);
int32_t kt_int_from_bytes(KtBytes* bytes, KtStr* order, uint8_t is_signed, int64_t* out);
int32_t kt_float_floordiv(double a, double b, double* out);
int32_t kt_float_mod(double a, double b, double* out);
int32_t kt_float_div(double a, double b, double* out);
int32_t kt_float_pow(double a, double b, double* out);
int32_t kt_float_from_str(KtStr* text, double* out);
KtStr* kt_float_str(double value);
int32_t kt_float_round(double value, int64_t* out);
int32_t kt_float_round_digits(double value, int64_t digits, double* out);
uint8_t kt_float_is_integer(double value);
KtStr* kt_float_hex(double value);
int64_t kt_int_float_compare(int64_t a, double b);
int64_t kt_int_hash(int64_t value);
int64_t kt_float_hash(double value);

// --- str; start, stop, step and counts as Python's
int32_t kt_str_concat(KtStr* a, KtStr* b, KtStr** out);
int32_t kt_str_concat_many(KtStr* const* parts, int64_t count, KtStr** out);
int32_t kt_str_append(KtStr* text, KtStr* more, KtStr** out);
int32_t kt_str_repeat(KtStr* text, int64_t times, KtStr** out);
uint8_t kt_str_eq(KtStr* a, KtStr* b);
int64_t kt_str_compare(KtStr* a, KtStr* b);
int64_t kt_str_hash(KtStr* text);
int32_t kt_str_index(KtStr* text, int64_t index, KtStr** out);
int32_t kt_str_slice(KtStr* text, int64_t start, int64_t stop, int64_t step, KtStr** out);
uint8_t kt_str_contains(KtStr* text, KtStr* part);
KtStr* kt_str_next(KtStr* text, int64_t* offset);
KtStr* kt_str_upper(KtStr* text);
KtStr* kt_str_lower(KtStr* text);
KtStr* kt_str_title(KtStr* text);
KtStr* kt_str_capitalize(KtStr* text);
KtStr* kt_str_swapcase(KtStr* text);
KtStr* kt_str_casefold(KtStr* text);
KtStr* kt_str_strip(KtStr* text, KtStr* chars);
KtStr* kt_str_lstrip(KtStr* text, KtStr* chars);
KtStr* kt_str_rstrip(KtStr* text, KtStr* chars);
int32_t kt_str_split(KtStr* text, KtStr* separator, int64_t limit, KtList** out);
int32_t kt_str_rsplit(KtStr* text, KtStr* separator, int64_t limit, KtList** out);
KtList* kt_str_splitlines(KtStr* text, uint8_t keep_ends);
int32_t kt_str_partition(KtStr* text, KtStr* separator, void* out);
int32_t kt_str_rpartition(KtStr* text, KtStr* separator, void* out);
int32_t kt_str_join(KtStr* separator, KtList* parts, KtStr** out);
int32_t kt_str_replace(KtStr* text, KtStr* from, KtStr* to, int64_t limit, KtStr** out);
int64_t kt_str_find(KtStr* text, KtStr* part, int64_t start, int64_t stop);
int64_t kt_str_rfind(KtStr* text, KtStr* part, int64_t start, int64_t stop);
int32_t kt_str_find_index(KtStr* text, KtStr* part, int64_t start, int64_t stop, int64_t* out);
int32_t kt_str_rfind_index(KtStr* text, KtStr* part, int64_t start, int64_t stop, int64_t* out);
int64_t kt_str_count(KtStr* text, KtStr* part, int64_t start, int64_t stop);
uint8_t kt_str_startswith(KtStr* text, KtStr* prefix, int64_t start, int64_t stop);
uint8_t kt_str_endswith(KtStr* text, KtStr* suffix, int64_t start, int64_t stop);
uint8_t kt_str_startswith_any(KtStr* text, KtList* prefixes, int64_t start, int64_t stop);
uint8_t kt_str_endswith_any(KtStr* text, KtList* suffixes, int64_t start, int64_t stop);
KtStr* kt_str_removeprefix(KtStr* text, KtStr* prefix);
KtStr* kt_str_removesuffix(KtStr* text, KtStr* suffix);
int32_t kt_str_center(KtStr* text, int64_t width, KtStr* fill, KtStr** out);
int32_t kt_str_ljust(KtStr* text, int64_t width, KtStr* fill, KtStr** out);
int32_t kt_str_rjust(KtStr* text, int64_t width, KtStr* fill, KtStr** out);
KtStr* kt_str_zfill(KtStr* text, int64_t width);
KtStr* kt_str_expandtabs(KtStr* text, int64_t tab_size);
int32_t kt_str_encode(KtStr* text, KtStr* encoding, KtStr* errors, KtBytes** out);
int32_t kt_str_translate(KtStr* text, KtDict* table, KtStr** out);
uint8_t kt_str_isalpha(KtStr* text);
uint8_t kt_str_isdigit(KtStr* text);
uint8_t kt_str_isdecimal(KtStr* text);
uint8_t kt_str_isnumeric(KtStr* text);
uint8_t kt_str_isalnum(KtStr* text);
uint8_t kt_str_isspace(KtStr* text);
uint8_t kt_str_isupper(KtStr* text);
uint8_t kt_str_islower(KtStr* text);
uint8_t kt_str_istitle(KtStr* text);
uint8_t kt_str_isidentifier(KtStr* text);
uint8_t kt_str_isprintable(KtStr* text);
uint8_t kt_str_isascii(KtStr* text);
int32_t kt_str_format(KtStr* text, KtList* positional, KtDict* named, KtStr** out);
int32_t kt_str_percent(KtStr* text, KtList* values, KtStr** out);
int32_t kt_ord(KtStr* text, int64_t* out);
int32_t kt_chr(int64_t code_point, KtStr** out);

// --- bytes
int32_t kt_bytes_concat(KtBytes* a, KtBytes* b, KtBytes** out);
int32_t kt_bytes_repeat(KtBytes* bytes, int64_t times, KtBytes** out);
int32_t kt_bytes_index(KtBytes* bytes, int64_t index, int64_t* out);
int32_t kt_bytes_slice(KtBytes* bytes, int64_t start, int64_t stop, int64_t step, KtBytes** out);
uint8_t kt_bytes_contains(KtBytes* bytes, KtBytes* part);
int32_t kt_bytes_contains_int(KtBytes* bytes, int64_t value, uint8_t* out);
int32_t kt_bytes_from_list(KtList* list, KtBytes** out);
int32_t kt_bytes_zeros(int64_t length, KtBytes** out);
int32_t kt_bytes_decode(KtBytes* bytes, KtStr* encoding, KtStr* errors, KtStr** out);
KtStr* kt_bytes_hex(KtBytes* bytes);
int32_t kt_bytes_from_hex(KtStr* text, KtBytes** out);
int64_t kt_bytes_find(KtBytes* bytes, KtBytes* part, int64_t start, int64_t stop);
int64_t kt_bytes_count(KtBytes* bytes, KtBytes* part, int64_t start, int64_t stop);
uint8_t kt_bytes_startswith(KtBytes* bytes, KtBytes* prefix, int64_t start, int64_t stop);
uint8_t kt_bytes_endswith(KtBytes* bytes, KtBytes* suffix, int64_t start, int64_t stop);
int32_t kt_bytes_split(KtBytes* bytes, KtBytes* separator, int64_t limit, KtList** out);
KtBytes* kt_bytes_strip(KtBytes* bytes, KtBytes* chars);
KtBytes* kt_bytes_lstrip(KtBytes* bytes, KtBytes* chars);
KtBytes* kt_bytes_rstrip(KtBytes* bytes, KtBytes* chars);
int32_t kt_bytes_replace(KtBytes* bytes, KtBytes* from, KtBytes* to, int64_t limit, KtBytes** out);
int32_t kt_bytes_join(KtBytes* separator, KtList* parts, KtBytes** out);
KtBytes* kt_bytes_upper(KtBytes* bytes);
KtBytes* kt_bytes_lower(KtBytes* bytes);

// --- list
KtList* kt_list_new(const KtTypeInfo* type, int64_t capacity);
void kt_list_grow(KtList* list);
void kt_list_append(KtList* list, const void* value);
int32_t kt_list_get(KtList* list, int64_t index, void* out);
int32_t kt_list_set(KtList* list, int64_t index, const void* value);
void kt_list_insert(KtList* list, int64_t index, const void* value);
int32_t kt_list_pop(KtList* list, int64_t index, void* out);
int32_t kt_list_del(KtList* list, int64_t index);
int32_t kt_list_remove(KtList* list, const void* value);
void kt_list_extend(KtList* list, KtList* more);
int32_t kt_list_concat(KtList* a, KtList* b, KtList** out);
int32_t kt_list_repeat(KtList* list, int64_t times, KtList** out);
int32_t kt_list_slice(KtList* list, int64_t start, int64_t stop, int64_t step, KtList** out);
int32_t kt_list_set_slice(KtList* list, int64_t start, int64_t stop, int64_t step, KtList* values);
int32_t kt_list_del_slice(KtList* list, int64_t start, int64_t stop, int64_t step);
int32_t kt_list_find(KtList* list, const void* value, int64_t start, int64_t stop, int64_t* out);
int32_t kt_list_count(KtList* list, const void* value, int64_t* out);
int32_t kt_list_contains(KtList* list, const void* value, uint8_t* out);
void kt_list_reverse(KtList* list);
KtList* kt_list_copy(KtList* list);
void kt_list_clear(KtList* list);
int32_t kt_list_sort(KtList* list, uint8_t reverse);
int32_t kt_list_sort_by(KtList* list, KtList* keys, uint8_t reverse);
KtList* kt_list_from_str(KtStr* text);
KtList* kt_list_from_bytes(KtBytes* bytes);
int32_t kt_list_from_range(int64_t start, int64_t stop, int64_t step, KtList** out);

// --- dict: keys and values are stored unboxed; insertion order
KtDict* kt_dict_new(const KtTypeInfo* type);
int64_t kt_dict_len(KtDict* dict);
int32_t kt_dict_find(KtDict* dict, const void* key, void** out);
int32_t kt_dict_get(KtDict* dict, const void* key, void* out);
int32_t kt_dict_get_or(KtDict* dict, const void* key, const void* otherwise, void* out);
int32_t kt_dict_set(KtDict* dict, const void* key, const void* value);
int32_t kt_dict_slot(KtDict* dict, const void* key, void** out);
int32_t kt_dict_del(KtDict* dict, const void* key);
int32_t kt_dict_contains(KtDict* dict, const void* key, uint8_t* out);
int32_t kt_dict_pop(KtDict* dict, const void* key, void* out);
int32_t kt_dict_pop_or(KtDict* dict, const void* key, const void* otherwise, void* out);
int32_t kt_dict_popitem(KtDict* dict, void* out);
int32_t kt_dict_setdefault(KtDict* dict, const void* key, const void* otherwise, void* out);
int32_t kt_dict_update(KtDict* dict, KtDict* more);
int32_t kt_dict_merge(KtDict* a, KtDict* b, KtDict** out);
void kt_dict_clear(KtDict* dict);
KtDict* kt_dict_copy(KtDict* dict);
KtList* kt_dict_keys(KtDict* dict, const KtTypeInfo* type);
KtList* kt_dict_values(KtDict* dict, const KtTypeInfo* type);
KtList* kt_dict_items(KtDict* dict, const KtTypeInfo* type);
int32_t kt_dict_next(KtDict* dict, int64_t* position, void** key, void** value);
int32_t kt_dict_check_size(KtDict* dict, int64_t expected);

// --- set (the same table without values)
KtDict* kt_set_new(const KtTypeInfo* type);
int32_t kt_set_add(KtDict* set, const void* value);
int32_t kt_set_contains(KtDict* set, const void* value, uint8_t* out);
int32_t kt_set_remove(KtDict* set, const void* value);
int32_t kt_set_discard(KtDict* set, const void* value);
int32_t kt_set_pop(KtDict* set, void* out);
int32_t kt_set_union(KtDict* a, KtDict* b, KtDict** out);
int32_t kt_set_intersection(KtDict* a, KtDict* b, KtDict** out);
int32_t kt_set_difference(KtDict* a, KtDict* b, KtDict** out);
int32_t kt_set_symmetric_difference(KtDict* a, KtDict* b, KtDict** out);
int32_t kt_set_update(KtDict* set, KtDict* more);
int32_t kt_set_issubset(KtDict* a, KtDict* b, uint8_t* out);
int32_t kt_set_isdisjoint(KtDict* a, KtDict* b, uint8_t* out);
KtDict* kt_set_copy(KtDict* set);
void kt_set_clear(KtDict* set);
KtList* kt_set_to_list(KtDict* set, const KtTypeInfo* type);

// --- files and streams; a NULL file is standard output
int32_t kt_print_value(KtFile* file, const KtTypeInfo* type, const void* value);
int32_t kt_print_text(KtFile* file, KtStr* text);
int32_t kt_flush(KtFile* file);
KtFile* kt_stderr();
KtFile* kt_stdout();
KtFile* kt_stdin();
int32_t kt_input(KtStr* prompt, KtStr** out);
void kt_display_begin(int64_t kind, KtStr* id);
void kt_display_add(KtStr* mime, KtStr* text);
void kt_display_add_bytes(KtStr* mime, KtBytes* data);
int32_t kt_display_end();
int32_t kt_open(KtStr* path, KtStr* mode_text, KtStr* encoding, KtStr* newline, KtFile** out);
int32_t kt_file_read(KtFile* file, int64_t size, KtStr** out);
int32_t kt_file_read_bytes(KtFile* file, int64_t size, KtBytes** out);
int32_t kt_file_readline(KtFile* file, KtStr** out);
int32_t kt_file_readline_bytes(KtFile* file, KtBytes** out);
int32_t kt_file_readlines(KtFile* file, KtList** out);
int32_t kt_file_next(KtFile* file, KtStr** out);
int32_t kt_file_next_bytes(KtFile* file, KtBytes** out);
int32_t kt_file_write(KtFile* file, KtStr* text, int64_t* out);
int32_t kt_file_write_bytes(KtFile* file, KtBytes* bytes, int64_t* out);
int32_t kt_file_close(KtFile* file);
int32_t kt_file_seek(KtFile* file, int64_t offset, int64_t whence, int64_t* out);
int32_t kt_file_tell(KtFile* file, int64_t* out);
KtStr* kt_file_name(KtFile* file);
uint8_t kt_file_closed(KtFile* file);

// --- modules written in Kayton
int32_t kt_re_match(KtList* words, KtStr* text, int64_t start, int64_t end, int64_t mode, KtList** out);
int32_t kt_re_all(KtList* words, KtStr* text, int64_t start, int64_t end, int64_t limit, KtList** out);
int32_t kt_os_stat(KtStr* path, uint8_t follow, KtList** out);
int32_t kt_os_change(int64_t which, KtStr* path, KtStr* other, int64_t number);
int32_t kt_os_readlink(KtStr* path, KtStr** out);
uint8_t kt_os_access(KtStr* path, int64_t mode);
KtList* kt_os_environ();
void kt_os_setenv(KtStr* name, KtStr* value);
int64_t kt_os_number(int64_t which);
int32_t kt_os_urandom(int64_t count, KtBytes** out);
KtStr* kt_os_strerror(int64_t error);
KtList* kt_os_uname();
int32_t kt_hash_digest(KtStr* name, KtBytes* data, KtBytes** out);
int64_t kt_crc32(KtBytes* data, int64_t start);
int64_t kt_adler32(KtBytes* data, int64_t start);
KtStr* kt_unicode_category(KtStr* character);
KtStr* kt_unicode_bidirectional(KtStr* character);
int64_t kt_unicode_combining(KtStr* character);
uint8_t kt_unicode_mirrored(KtStr* character);
KtStr* kt_unicode_width(KtStr* character);
int64_t kt_unicode_decimal(KtStr* character);
int32_t kt_unicode_normalize(KtStr* form, KtStr* text, KtStr** out);
int32_t kt_math_rare(int64_t which, double value, double* out);
int32_t kt_math_ldexp(double value, int64_t exponent, double* out);
int64_t kt_math_exponent(double value);
int32_t kt_math_remainder(double a, double b, double* out);
double kt_math_nextafter(double value, double towards);
int64_t kt_float_bits(double value);
double kt_float_from_bits(int64_t bits);
int32_t kt_float32_bits(double value, int64_t* out);
double kt_float_from_bits32(int64_t bits);
int64_t kt_time_nanoseconds(int64_t which);
int32_t kt_time_local(int64_t seconds, KtList** out);
KtStr* kt_time_zone_name(int64_t seconds);
int32_t kt_time_make(KtList* numbers, int64_t* out);
int32_t kt_bytes_percent(KtBytes* pattern, KtList* values, KtBytes** out);
double kt_math_norm(KtList* vector);
int32_t kt_exception_attribute(KtException* exception, int64_t which, void* out);
KtException* kt_exception_link(KtException* exception, int64_t which);
int64_t kt_exception_suppressed(KtException* exception);
KtStr* kt_traceback_text(KtException* exception);
int32_t kt_zlib(int64_t which, KtBytes* data, int64_t number, KtBytes** out);

// --- modules in the box
KtList* kt_sys_argv();
double kt_time_time();
double kt_time_perf_counter();
int32_t kt_time_sleep(double seconds);
KtStr* kt_os_getenv(KtStr* name);
uint8_t kt_os_path_exists(KtStr* path);
uint8_t kt_os_path_isfile(KtStr* path);
uint8_t kt_os_path_isdir(KtStr* path);
KtStr* kt_os_path_join(KtStr* a, KtStr* b);
KtStr* kt_os_path_basename(KtStr* path);
KtStr* kt_os_path_dirname(KtStr* path);
int32_t kt_os_path_splitext(KtStr* path, void* out);
int32_t kt_os_listdir(KtStr* path, KtList** out);
int32_t kt_os_makedirs(KtStr* path, uint8_t exist_ok);
int32_t kt_os_remove(KtStr* path);
int32_t kt_os_getcwd(KtStr** out);
int32_t kt_math_sqrt(double value, double* out);
int32_t kt_math_exp(double value, double* out);
int32_t kt_math_log(double value, double* out);
int32_t kt_math_log_base(double value, double base, double* out);
int32_t kt_math_log2(double value, double* out);
int32_t kt_math_log10(double value, double* out);
int32_t kt_math_log1p(double value, double* out);
int32_t kt_math_sin(double value, double* out);
int32_t kt_math_cos(double value, double* out);
int32_t kt_math_tan(double value, double* out);
int32_t kt_math_asin(double value, double* out);
int32_t kt_math_acos(double value, double* out);
int32_t kt_math_atan(double value, double* out);
int32_t kt_math_atan2(double y, double x, double* out);
int32_t kt_math_sinh(double value, double* out);
int32_t kt_math_cosh(double value, double* out);
int32_t kt_math_tanh(double value, double* out);
int32_t kt_math_pow(double base, double exponent, double* out);
int32_t kt_math_fmod(double a, double b, double* out);
int32_t kt_math_hypot(double a, double b, double* out);
int32_t kt_math_floor(double value, int64_t* out);
int32_t kt_math_ceil(double value, int64_t* out);
int32_t kt_math_trunc(double value, int64_t* out);
int64_t kt_math_gcd(int64_t a, int64_t b);
int32_t kt_math_factorial(int64_t value, int64_t* out);
int32_t kt_math_isqrt(int64_t value, int64_t* out);
int32_t kt_math_comb(int64_t n, int64_t k, int64_t* out);
uint8_t kt_math_isnan(double value);
uint8_t kt_math_isinf(double value);
uint8_t kt_math_isfinite(double value);
uint8_t kt_math_isclose(double a, double b, double relative, double absolute);
double kt_math_copysign(double value, double sign);
double kt_math_fabs(double value);

// --- crate values
void kt_handle_drop_borrow(void* object);
int32_t kt_iterator_next(void* object, void* out);

// --- generators
KtGenerator* kt_generator_new(const KtTypeInfo* type, int64_t frame_size, const KtFrameInfo* info);
int32_t kt_next(KtGenerator* generator, void* out);
int32_t kt_generator_send(KtGenerator* generator, const void* value, void* out);
int32_t kt_generator_throw(KtGenerator* generator, KtException* exception, void* out);
int32_t kt_generator_close(KtGenerator* generator);
int32_t kt_generator_result(KtGenerator* generator, void* out);
int32_t kt_stop_value(KtException* stop, void* out);
void kt_trace_held(void* object);
void kt_trace_held_value(const KtTypeInfo* type, int64_t payload);

// --- limits
int64_t kt_gc(int64_t which);
int32_t kt_recursion_limit(int64_t limit, int64_t* out);

}  // extern "C"

}  // namespace kayton
