// Where standard output and standard error go: by default to descriptors 1 and 2, in a worker into messages through
// the sink that its loop installs. Used by the VM's one thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace kayton {

class OutputSink {
  public:
    virtual ~OutputSink() = default;
    // stream is 1 or 2. Takes everything or gives up for good: a program's output has nowhere else to go.
    virtual void write(int stream, std::string_view data) = 0;
};

// Lines for input(); the default reads descriptor 0.
class InputSource {
  public:
    virtual ~InputSource() = default;
    // Up to `size` bytes; 0 at the end of input, negative errno on failure.
    virtual long read(char* data, size_t size) = 0;
};

// NULL gives the default back. The sink must outlive its use.
void install_output_sink(OutputSink* sink);
void install_input_source(InputSource* source);
[[nodiscard]] OutputSink* output_sink();
[[nodiscard]] InputSource* input_source();

// What is buffered goes out; called at exit, before input(), by safe points after a tick, and by the loop.
void flush_standard_output();

}  // namespace kayton
