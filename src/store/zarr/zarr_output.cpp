#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/chunk_read.hpp"
#include "store/output_target.hpp"
#include "store/zarr/array_metadata.hpp"
#include "store/zarr/zarr_strings.hpp"

namespace rankine::store {
namespace {

namespace fs = std::filesystem;

// Unfinished chunks are written here and renamed into their array; removed before the commit, so
// that what a killed rank left does not stay.
constexpr const char* unfinished = "/.unfinished";

void make_directory(const std::string& path, const array::OutputSpec& spec) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw OutputError("cannot create " + spec.path + ": " + path + ": " + error.message());
}

void write_text(const std::string& path, const std::string& text, const array::OutputSpec& spec) {
  write_file(path, std::as_bytes(std::span(text)), "cannot create " + spec.path);
}

Json attributes_json(const array::Attributes& attributes) {
  Json json = Json::object();
  for (const auto& [name, value] : attributes) json[name] = json_of(value);
  return json;
}

Json variable_attributes(const array::OutputVariable& variable) {
  Json json = attributes_json(variable.attributes);
  json["_ARRAY_DIMENSIONS"] = variable.dims;
  return json;
}

void write_value(const OutputTarget& target, std::size_t index, std::int64_t text_width) {
  const array::OutputVariable& variable = target.spec.variables[index];
  if (element_count(variable.shape) == 0) return;
  if (variable.dtype == DType::string) {
    auto codecs = variable.codecs;
    for (auto& codec : codecs) codec.element_bytes = 4;
    const auto bytes = encode_fixed_text(*variable.value, text_width);
    write_zarr_chunk(target, index, Index(variable.shape.size(), 0),
                     codec::encode(codecs, bytes, ThreadBuffers::of_this_thread().codecs));
    return;
  }
  for (const EncodedChunk& chunk : encode_chunks(variable, *variable.value, Box::whole(variable.shape)))
    write_zarr_chunk(target, index, chunk.chunk, chunk.bytes);
}

}  // namespace

void create_zarr(OutputTarget& target) {
  const array::OutputSpec& spec = target.spec;
  const std::string& root = target.temporary_path;
  make_directory(root + unfinished, spec);
  Json metadata = Json::object();
  const auto write_json = [&](const std::string& key, const Json& json) {
    write_text(root + "/" + key, format_json(json), spec);
    metadata[key] = json;
  };
  const Json attributes = attributes_json(spec.attributes);
  write_json(".zattrs", attributes);
  write_json(".zgroup", {{"zarr_format", 2}});
  for (std::size_t i = 0; i < spec.variables.size(); ++i) {
    const array::OutputVariable& variable = spec.variables[i];
    if (variable.name.empty() || variable.name[0] == '.' || variable.name.find('/') != std::string::npos)
      throw OutputError("cannot create " + spec.path + ": '" + variable.name + "' cannot name an array in Zarr");
    if (variable.dtype == DType::string && !variable.value)
      throw OutputError("cannot create " + spec.path + ": the texts of " + variable.name +
                        " must be known before the run; load them first");
    make_directory(root + "/" + variable.name, spec);
    const std::int64_t width = variable.dtype == DType::string ? text_width_of(*variable.value) : 0;
    write_json(variable.name + "/.zarray", zarray_of(variable, width));
    write_json(variable.name + "/.zattrs", variable_attributes(variable));
    if (variable.value) write_value(target, i, width);
    target.complete[i] = variable.value || element_count(variable.shape) == 0;
  }
  if (spec.consolidated)
    write_text(root + "/.zmetadata", format_json({{"metadata", metadata}, {"zarr_consolidated_format", 1}}), spec);
}

void write_zarr_chunk(const OutputTarget& target, std::size_t variable, const Index& chunk,
                      std::span<const std::byte> bytes) {
  static std::atomic<std::uint64_t> sequence{0};
  const std::string& name = target.spec.variables.at(variable).name;
  const std::string path = zarr_chunk_path(target.temporary_path + "/" + name, chunk, '.');
  char host[65] = "";  // ranks on several hosts may have the same process id
  ::gethostname(host, sizeof host - 1);
  const std::string partial = target.temporary_path + unfinished + "/" + host + "-" + std::to_string(::getpid()) +
                              "-" + std::to_string(sequence++);
  const std::string what = "cannot write chunk " + format_tuple(chunk) + " of " + name + " to " + target.spec.path;
  write_file(partial, bytes, what);
  if (::rename(partial.c_str(), path.c_str()) != 0) {
    const std::string reason = std::strerror(errno);
    ::unlink(partial.c_str());
    throw OutputError(what + ": " + reason);
  }
}

void commit_zarr(const OutputTarget& target) {
  const std::string& from = target.temporary_path;
  const std::string& to = target.spec.path;
  const std::string aside = from.substr(0, from.rfind('.')) + ".old";
  std::error_code error;
  fs::remove_all(from + unfinished, error);
  flush_file_system(from, to);
  const bool replaces = fs::exists(fs::symlink_status(to));
  if (replaces && target.spec.mode == array::WriteMode::w_minus)
    throw OutputError("cannot commit " + to + ": it came into being during the run, and mode 'w-' forbids replacing it");
  if (replaces) {
    fs::rename(to, aside, error);
    if (error) throw OutputError("cannot replace " + to + ": " + error.message());
  }
  fs::rename(from, to, error);
  if (error) {
    std::error_code undo;
    if (replaces) fs::rename(aside, to, undo);
    throw OutputError("cannot commit " + to + ": " + error.message() + "; the finished store is " + from);
  }
  if (replaces) fs::remove_all(aside, error);  // what cannot be removed harms nobody under its odd name
}

}  // namespace rankine::store
