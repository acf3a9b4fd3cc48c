#include "runtime/spiller.hpp"

#include <utility>

#include "base/check.hpp"
#include "journal/run_lock.hpp"

namespace rankine::runtime {

struct Spiller::Operation {
  Done done;
  std::string path;
  std::shared_ptr<std::atomic<bool>> cancelled;
  std::shared_ptr<const void> owner;   ///< of what is written
  Bytes bytes;
  std::uint64_t generation = 0;
};

namespace {

/// A block of the shape that `head` says, to be filled, and its parts in the order of the payload.
std::shared_ptr<Block> read_block(const std::string& path, std::span<const std::byte> head) {
  std::shared_ptr<Block> block = empty_block(head);
  const auto parts = payload_parts(*block);
  spill::read_block_file(path, parts);
  return block;
}

Spiller::Bytestring read_bytes(const std::string& path, std::uint64_t payload) {
  auto bytes = std::make_shared<std::vector<std::byte>>(payload);
  const std::span<std::byte> part(*bytes);
  spill::read_block_file(path, {&part, 1});
  return bytes;
}

}  // namespace

Spiller::Spiller(exec::Notifier& done, const SpillSettings& settings, int rank, std::shared_ptr<spill::ScratchUse> use)
    : settings_(settings), rank_(rank), use_(use ? std::move(use) : std::make_shared<spill::ScratchUse>()), writing_(1, done), reading_(1, done) {
  use_->limit = settings.limit;
  spill::remove_leftovers(settings.scratch);
}

Spiller::~Spiller() {
  for (auto& [ticket, operation] : operations_)
    if (operation->cancelled) operation->cancelled->store(true);
  writing_.stop();
  reading_.stop();
}

const std::string& Spiller::folder() {
  if (!folder_) {
    std::string job = journal::batch_job();
    folder_.emplace(settings_.scratch, job.empty() ? "local" : job, rank_);
  }
  return folder_->path();
}

void Spiller::submit(exec::ThreadPool& pool, std::shared_ptr<Operation> operation, std::function<void()> work) {
  const std::uint64_t ticket = ++last_ticket_;
  operation->generation = generation_;
  operations_.emplace(ticket, std::move(operation));
  pool.submit(ticket, std::move(work));
}

void Spiller::write(TaskId task, std::uint64_t file, BlockPtr block) {
  begin_write(task, file, {{}, encode_head(*block), payload_bytes(*block), {}, false, false, {}}, payload_parts(std::as_const(*block)), block);
}

void Spiller::write(TaskId task, std::uint64_t file, Bytestring bytes) {
  begin_write(task, file, {{}, {}, bytes->size(), {}, true, false, {}}, {std::span(*bytes)}, bytes);
}

void Spiller::begin_write(TaskId task, std::uint64_t file, File entry, std::vector<std::span<const std::byte>> parts,
                          std::shared_ptr<const void> owner) {
  auto operation = std::make_shared<Operation>();
  operation->done.task = task;
  operation->done.file = file;
  operation->cancelled = entry.cancelled = std::make_shared<std::atomic<bool>>(false);
  operation->owner = std::move(owner);
  try {
    operation->path = entry.path = folder() + "/" + std::to_string(++last_name_);
  } catch (const OutputError& error) {
    // As a write that fails; said by take().
    operation->done.error = error.what();
    return submit(writing_, operation, [] {});
  }
  RANKINE_CHECK(files_.emplace(file, std::move(entry)).second, "a file number is used twice");
  submit(writing_, operation, [this, operation, parts = std::move(parts)] {
    try {
      operation->bytes = spill::write_block_file(operation->path, parts, settings_.compression, *use_, *operation->cancelled);
    } catch (const spill::ScratchFull& error) {
      operation->done.error = error.what();
      operation->done.full = true;
    } catch (const Error& error) {
      operation->done.error = error.what();
    }
    operation->owner.reset();
  });
}

void Spiller::read(TaskId task, std::uint64_t file) {
  auto operation = std::make_shared<Operation>();
  operation->done.kind = Done::Kind::read;
  operation->done.task = task;
  operation->done.file = file;
  const File& known = files_.at(file);
  submit(reading_, operation, [operation, path = known.path, head = known.head, payload = known.payload, is_bytes = known.is_bytes] {
    try {
      if (is_bytes) operation->done.bytes = read_bytes(path, payload);
      else operation->done.block = read_block(path, head);
    } catch (const Error& error) {
      operation->done.error = error.what();
    }
  });
}

void Spiller::read_frame(TaskId task, std::uint64_t file, WorkerId to, wire::RunId run) {
  auto operation = std::make_shared<Operation>();
  operation->done.kind = Done::Kind::frame;
  operation->done.task = task;
  operation->done.file = file;
  operation->done.to = to;
  const File& known = files_.at(file);
  operation->bytes = Bytes{known.payload};
  frames_under_way_ += operation->bytes;
  submit(reading_, operation, [operation, path = known.path, head = known.head, payload = known.payload, run] {
    try {
      std::vector<std::byte> frame = wire::encode_block_reply_head(run, operation->done.task, head, payload);
      const std::size_t begin = frame.size();
      frame.resize(begin + payload);
      const std::span<std::byte> part = std::span(frame).subspan(begin);
      spill::read_block_file(path, {&part, 1});
      operation->done.frame = std::move(frame);
    } catch (const Error& error) {
      operation->done.error = error.what();
    }
  });
}

void Spiller::read_answer(TaskId task, std::uint64_t file, WorkerId to, bool for_call) {
  auto operation = std::make_shared<Operation>();
  operation->done.kind = Done::Kind::answer;
  operation->done.task = task;
  operation->done.file = file;
  operation->done.to = to;
  operation->done.for_call = for_call;
  const File& known = files_.at(file);
  operation->bytes = Bytes{known.payload};
  frames_under_way_ += operation->bytes;
  submit(reading_, operation, [operation, path = known.path, payload = known.payload] {
    try {
      operation->done.bytes = read_bytes(path, payload);
    } catch (const Error& error) {
      operation->done.error = error.what();
    }
  });
}

void Spiller::forget(std::uint64_t file) {
  const auto known = files_.find(file);
  if (known == files_.end()) return;
  const File forgotten = std::move(known->second);
  files_.erase(known);
  if (!forgotten.whole) {
    forgotten.cancelled->store(true);
    return;  // if it was written all the same, take() removes it
  }
  auto operation = std::make_shared<Operation>();
  operation->done.kind = Done::Kind::aside;
  submit(writing_, operation, [this, path = forgotten.path, bytes = forgotten.bytes] { spill::remove_block_file(path, bytes, *use_); });
}

void Spiller::forget_all() {
  std::vector<std::uint64_t> all;
  for (const auto& [file, known] : files_) all.push_back(file);
  for (const std::uint64_t file : all) forget(file);
  ++generation_;
}

void Spiller::run_aside(std::function<void()> work) {
  auto operation = std::make_shared<Operation>();
  operation->done.kind = Done::Kind::aside;
  submit(reading_, operation, std::move(work));
}

std::vector<Spiller::Done> Spiller::take() {
  std::vector<Done> done;
  completions_.clear();
  if (operations_.empty()) return done;
  writing_.take_completions(completions_);
  reading_.take_completions(completions_);
  for (const auto& completion : completions_) {
    const auto found = operations_.find(completion.ticket);
    const std::shared_ptr<Operation> operation = std::move(found->second);
    operations_.erase(found);
    Done& result = operation->done;
    if (result.kind == Done::Kind::frame || result.kind == Done::Kind::answer) frames_under_way_ -= operation->bytes;
    if (completion.error != nullptr && result.error.empty()) result.error = "out of memory";
    if (!result.error.empty()) last_error_ = result.error;
    if (result.kind == Done::Kind::written && !operation->path.empty()) {
      const auto file = files_.find(result.file);
      if (file == files_.end() || file->second.cancelled != operation->cancelled) {  // forgotten meanwhile
        if (operation->bytes.value != 0) spill::remove_block_file(operation->path, operation->bytes, *use_);
        continue;
      }
      if (result.error.empty()) {
        file->second.whole = true;
        file->second.bytes = operation->bytes;
        written_ += Bytes{file->second.payload};
      } else {
        files_.erase(file);
      }
    } else if (result.kind == Done::Kind::read && result.block) {
      read_back_ += result.block->bytes();
    } else if (result.bytes) {
      read_back_ += Bytes{result.bytes->size()};
    } else if (result.kind == Done::Kind::frame) {
      read_back_ += Bytes{result.frame.size()};
    }
    if (operation->generation == generation_) done.push_back(std::move(result));
  }
  return done;
}

std::function<BlockPtr()> Spiller::reader_of(std::uint64_t file) const {
  const auto known = files_.find(file);
  if (known == files_.end() || !known->second.whole) return {};
  return [path = known->second.path, head = known->second.head]() -> BlockPtr {
    try {
      return read_block(path, head);
    } catch (const InputError&) {
      return nullptr;  // released meanwhile
    }
  };
}

std::function<Spiller::Bytestring()> Spiller::bytes_reader_of(std::uint64_t file) const {
  const auto known = files_.find(file);
  if (known == files_.end() || !known->second.whole) return {};
  return [path = known->second.path, payload = known->second.payload]() -> Bytestring {
    try {
      return read_bytes(path, payload);
    } catch (const InputError&) {
      return nullptr;  // released meanwhile
    }
  };
}

}  // namespace rankine::runtime
