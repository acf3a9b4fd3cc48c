#include "runtime/file_opening.hpp"

#include <algorithm>
#include <new>

#include "base/check.hpp"

namespace rankine::runtime {
namespace {

constexpr std::size_t most_files_a_batch = 16;
constexpr std::size_t batches_ahead_a_thread = 2;   ///< one that runs, one that waits
constexpr std::size_t failures_named = 5;

enum class Kind : std::uint8_t { files, arrays };

std::vector<std::byte> encode_request(const OpeningRequest& request, std::size_t begin, std::size_t end) {
  ByteWriter writer;
  writer.put(request.arrays.empty() ? Kind::files : Kind::arrays);
  writer.put_string(request.options.group);
  writer.put(static_cast<std::uint8_t>(request.options.consolidated));
  writer.put_string(request.cache_folder);
  writer.put_count(end - begin);
  for (std::size_t i = begin; i < end; ++i) {
    if (request.arrays.empty()) writer.put_string(request.paths[i]);
    else array::write_to(writer, *request.arrays[i]);
  }
  return writer.take();
}

OpeningRequest decode_request(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  OpeningRequest request;
  const auto kind = reader.get<Kind>();
  request.options.group = reader.get_string();
  request.options.consolidated = reader.get<std::uint8_t>() != 0;
  request.cache_folder = reader.get_string();
  for (std::size_t count = reader.get_count(); count > 0; --count) {
    if (kind == Kind::files) request.paths.push_back(reader.get_string());
    else request.arrays.push_back(array::read_stored_array(reader));
  }
  return request;
}

/// An array whose index was asked for, in the form of a file that holds it alone.
store::OpenedFile learn_index(const array::StoredArrayPtr& array) {
  store::OpenedFile file;
  file.path = array->path;
  try {
    store::load_chunk_index(*array);
    array::StoredVariable variable;
    variable.name = array->variable;
    variable.data = array;
    file.catalogue.variables.push_back(std::move(variable));
  } catch (const Error& error) {
    file.error = error.what();
    file.code = error.code();
  } catch (const std::exception& error) {
    file.error = "cannot read the chunk index of " + array->variable + " in " + array->path + ": " + error.what();
    file.code = ExitCode::resources;
  }
  return file;
}

store::OpenedFile not_opened(const std::string& path, const std::string& reason) {
  store::OpenedFile file;
  file.path = path;
  file.error = "cannot open " + path + ": " + reason;
  file.code = ExitCode::resources;
  return file;
}

/// A file that throws on this thread is a file that cannot be opened, not the end of the rank.
std::vector<store::OpenedFile> learn_all(const OpeningRequest& request, store::Reader& reader, const FileOpener::Learn& learn) {
  std::vector<store::OpenedFile> files;
  for (const auto& path : request.paths) {
    try {
      files.push_back(learn(path, request, reader));
    } catch (const std::exception& error) {
      files.push_back(not_opened(path, error.what()));
    } catch (...) {
      files.push_back(not_opened(path, "an exception of unknown kind"));
    }
  }
  for (const auto& array : request.arrays) files.push_back(learn_index(array));
  return files;
}

std::vector<std::byte> encode_answer(const std::vector<store::OpenedFile>& files) {
  ByteWriter writer;
  for (const auto& file : files) store::write_to(writer, file);
  return writer.take();
}

std::vector<std::byte> answer_to(const OpeningRequest& request, store::Reader& reader, const FileOpener::Learn& learn) {
  try {
    return encode_answer(learn_all(request, reader, learn));
  } catch (const std::bad_alloc&) {
    // What was learned of all of them together does not fit. Without it there is room to say so.
    std::vector<store::OpenedFile> files;
    for (const auto& path : request.paths) files.push_back(not_opened(path, "no memory for what is to be known of it"));
    for (const auto& array : request.arrays) files.push_back(not_opened(array->path, "no memory for the chunk index of " + array->variable));
    return encode_answer(files);
  }
}

}  // namespace

FileOpening::FileOpening(std::uint32_t number, OpeningRequest request, std::vector<Peer> peers, Send send)
    : number_(number), request_(std::move(request)), peers_(std::move(peers)), send_(std::move(send)),
      files_(request_.size()), answered_(request_.size(), 0), remaining_(request_.size()) {
  RANKINE_CHECK(!peers_.empty(), "files are opened by someone");
  std::size_t threads = 0;
  for (const Peer& peer : peers_) threads += peer.threads;
  // At least eight batches a thread, so that nobody waits long for the slowest.
  const std::size_t batch = std::clamp<std::size_t>(remaining_ / (8 * threads), 1, most_files_a_batch);
  for (std::size_t begin = 0; begin < remaining_; begin += batch) waiting_.push_back({begin, std::min(begin + batch, remaining_)});
  for (std::size_t round = 0; round < batches_ahead_a_thread; ++round)
    for (const Peer& peer : peers_) feed(peer);
}

void FileOpening::feed(const Peer& peer) {
  auto& open = open_[peer.rank];
  while (!waiting_.empty() && open.size() < batches_ahead_a_thread * peer.threads) {
    const Batch batch = waiting_.front();
    waiting_.pop_front();
    open.push_back(batch);
    send_(peer.rank, {number_, batch.begin, encode_request(request_, batch.begin, batch.end)});
  }
}

void FileOpening::on_opened(int rank, const wire::FilesOpened& opened) {
  if (opened.opening != number_) return;
  auto& open = open_[rank];
  const auto batch = std::find_if(open.begin(), open.end(), [&](const Batch& b) { return b.begin == opened.first; });
  if (batch == open.end()) return;
  ByteReader reader(opened.bytes);
  for (std::size_t i = batch->begin; i < batch->end; ++i) {
    store::OpenedFile file = store::read_opened_file(reader);
    if (answered_[i] != 0) continue;
    answered_[i] = 1;
    --remaining_;
    if (!request_.arrays.empty() && file.error.empty())
      request_.arrays[i]->index = file.catalogue.variables.at(0).data->index;
    files_[i] = std::move(file);
  }
  if (reader.remaining() != 0) throw DecodeError("malformed frame: bytes are left over behind the opened files");
  open.erase(batch);
  for (const Peer& peer : peers_)
    if (peer.rank == rank) feed(peer);
}

void FileOpening::on_peer_lost(int rank) {
  std::erase_if(peers_, [&](const Peer& peer) { return peer.rank == rank; });
  if (const auto lost = open_.find(rank); lost != open_.end()) {
    for (const Batch& batch : lost->second) waiting_.push_front(batch);
    open_.erase(lost);
  }
  if (done()) return;
  if (peers_.empty()) throw Error(ExitCode::resources, "every worker was lost while files were opened");
  for (const Peer& peer : peers_) feed(peer);
}

void FileOpening::throw_failures() const { runtime::throw_failures(files_); }

void throw_failures(const std::vector<store::OpenedFile>& files) {
  const store::OpenedFile* first = nullptr;
  std::size_t failures = 0;
  std::string others;
  for (const auto& file : files) {
    if (file.error.empty()) continue;
    if (++failures == 1) first = &file;
    else if (failures <= failures_named) others += "\n  " + file.error;
  }
  if (first == nullptr) return;
  std::string text = first->error;
  if (failures > 1) text += "; of " + std::to_string(files.size()) + " files " + std::to_string(failures) + " cannot be read:" + others;
  if (failures > failures_named) text += "\n  and " + std::to_string(failures - failures_named) + " more";
  throw Error(first->code, text);
}

FileOpener::FileOpener(unsigned threads, exec::Notifier& notifier, Learn learn)
    : threads_(threads), notifier_(notifier), learn_(std::move(learn)) {
  if (!learn_)
    learn_ = [](const std::string& path, const OpeningRequest& request, store::Reader& reader) {
      return store::learn_file(path, request.options, request.cache_folder, reader);
    };
}

void FileOpener::handle(const wire::OpenFiles& request) {
  if (!pool_) pool_ = std::make_unique<exec::ThreadPool>(threads_, notifier_);
  const std::uint64_t ticket = next_ticket_++;
  auto answer = std::make_shared<wire::FilesOpened>(wire::FilesOpened{request.opening, request.first, {}});
  running_.emplace(ticket, answer);
  pool_->submit(ticket, [this, answer, bytes = request.bytes] {
    answer->bytes = answer_to(decode_request(bytes), reader_, learn_);
  });
}

bool FileOpener::pump(const std::function<void(const wire::FilesOpened&)>& send) {
  if (!pool_) return false;
  std::vector<exec::Completion> completions;
  pool_->take_completions(completions);
  for (const auto& completion : completions) {
    const auto found = running_.find(completion.ticket);
    const auto answer = found->second;
    running_.erase(found);
    if (completion.error != nullptr) std::rethrow_exception(completion.error);
    send(*answer);
  }
  return !completions.empty();
}

std::vector<store::OpenedFile> open_files_here(const OpeningRequest& request, unsigned threads) {
  exec::Notifier notifier;
  FileOpener opener(threads, notifier);
  FileOpening opening(0, request, {{0, threads}}, [&](int, const wire::OpenFiles& order) { opener.handle(order); });
  while (!opening.done())
    if (!opener.pump([&](const wire::FilesOpened& opened) { opening.on_opened(0, opened); })) notifier.wait();
  return opening.take_files();
}

}  // namespace rankine::runtime
