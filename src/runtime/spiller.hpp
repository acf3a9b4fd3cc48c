#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "exec/thread_pool.hpp"
#include "runtime/block.hpp"
#include "spill/block_file.hpp"
#include "spill/scratch_folder.hpp"
#include "wire/messages.hpp"

namespace rankine::runtime {

/// Memory that runs short: what a rank does then.
struct SpillSettings {
  std::string scratch;             ///< node-local folder; empty: nothing is spilled
  Bytes limit;                     ///< of what lies there
  std::string note;                ///< where, or why nowhere
  bool doubtful = false;           ///< the note is a warning
  spill::Compression compression = spill::Compression::none;
  double target = 0.7, spill = 0.8, stop = 0.9;  ///< of the memory limit
};

/// Blocks of one rank in files, by number. Two threads of its own, one writing and one reading: neither the communication
/// thread nor those that compute wait for the disk. Driven by the communication thread. Its folder is made with the first
/// block and removed with this.
class Spiller {
 public:
  using Bytestring = std::shared_ptr<const std::vector<std::byte>>;   ///< a call's result
  /// `use`: what is shared with another spiller of this rank; null: nothing is.
  Spiller(exec::Notifier& done, const SpillSettings& settings, int rank, std::shared_ptr<spill::ScratchUse> use = nullptr);
  ~Spiller();

  void write(TaskId task, std::uint64_t file, BlockPtr block);
  void write(TaskId task, std::uint64_t file, Bytestring bytes);
  void read(TaskId task, std::uint64_t file);
  /// Reads the file into the frame that answers a request.
  void read_frame(TaskId task, std::uint64_t file, WorkerId to, wire::RunId run);
  /// Reads the file of a bytestring for whoever asked for a result.
  void read_answer(TaskId task, std::uint64_t file, WorkerId to, bool for_call);
  /// A write that is queued or under way is given up.
  void forget(std::uint64_t file);
  /// The run is over: nothing of it is told by take() any more.
  void forget_all();
  /// On the reading thread.
  void run_aside(std::function<void()> work);

  struct Done {
    enum class Kind { written, read, frame, answer, aside };
    Kind kind = Kind::written;
    TaskId task;
    std::uint64_t file = 0;
    WorkerId to;
    BlockPtr block;                ///< read
    Bytestring bytes;              ///< read, or the answer
    bool for_call = false;         ///< of an answer
    std::vector<std::byte> frame;
    std::string error;             ///< empty: it succeeded
    bool full = false;             ///< of a write: there was no room
  };
  /// What has been done since the last call, in that order.
  std::vector<Done> take();

  /// Reads a block on the calling thread, whatever that is; null if it is not there. For checkpoints.
  std::function<BlockPtr()> reader_of(std::uint64_t file) const;
  std::function<Bytestring()> bytes_reader_of(std::uint64_t file) const;
  const std::shared_ptr<spill::ScratchUse>& use() const { return use_; }

  Bytes written() const { return written_; }
  /// That are being read.
  Bytes frames_under_way() const { return frames_under_way_; }
  Bytes read_back() const { return read_back_; }
  Bytes in_scratch() const { return {use_->used.load()}; }
  const std::string& last_error() const { return last_error_; }

 private:
  struct File {
    std::string path;
    std::vector<std::byte> head;
    std::uint64_t payload = 0;
    Bytes bytes;                   ///< of the file
    bool is_bytes = false;         ///< a bytestring, no block
    bool whole = false;
    std::shared_ptr<std::atomic<bool>> cancelled;
  };
  struct Operation;
  void submit(exec::ThreadPool& pool, std::shared_ptr<Operation> operation, std::function<void()> work);
  void begin_write(TaskId task, std::uint64_t file, File entry, std::vector<std::span<const std::byte>> parts, std::shared_ptr<const void> owner);
  const std::string& folder();

  SpillSettings settings_;
  int rank_;
  std::shared_ptr<spill::ScratchUse> use_;
  std::optional<spill::ScratchFolder> folder_;
  std::unordered_map<std::uint64_t, File> files_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Operation>> operations_;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t generation_ = 0;         ///< of operations; those of an earlier run are not told
  std::uint64_t last_name_ = 0;
  std::vector<exec::Completion> completions_;
  Bytes written_, read_back_, frames_under_way_;
  std::string last_error_;
  exec::ThreadPool writing_, reading_;   ///< last: their work refers to the rest
};

}  // namespace rankine::runtime
