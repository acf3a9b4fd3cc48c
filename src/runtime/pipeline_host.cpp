#include "runtime/pipeline_host.hpp"

#include <fnmatch.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <set>
#include <thread>

#include "array/cf_decode.hpp"
#include "array/combine.hpp"
#include "array/evaluate.hpp"
#include "array/file_agreement.hpp"
#include "array/loader.hpp"
#include "array/reshape.hpp"
#include "array/visit_stored.hpp"
#include "base/check.hpp"
#include "base/memory_guard.hpp"
#include "plan/block_choice.hpp"
#include "runtime/draw_graph.hpp"
#include "runtime/engines.hpp"
#include "runtime/moved_chunks.hpp"
#include "runtime/zarr_addition.hpp"
#include "store/io_faults.hpp"

namespace rankine::runtime {
namespace {

namespace fs = std::filesystem;

/// As no file's name has: the system would see another path.
bool has_null(const std::string& path) { return path.find('\0') != std::string::npos; }

/// Every rank must find the file, whatever directory it was started in.
std::string absolute_path(const std::string& path) {
  if (path.find("://") != std::string::npos)
    throw UnsupportedError("'" + path + "' is a URL; only local and mounted files can be read and written");
  if (has_null(path)) throw UsageError("embedded null byte");
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

array::DecodeOptions decode_options(const script::OpenOptions& options) {
  array::DecodeOptions decode;
  decode.decode_cf = options.decode_cf;
  decode.mask_and_scale = options.mask_and_scale.value_or(true);
  decode.decode_times = options.decode_times.value_or(true);
  decode.decode_timedelta = options.decode_timedelta.value_or(decode.decode_times);
  decode.decode_coords = options.decode_coords;
  if (options.use_cftime)
    decode.use_cftime = *options.use_cftime ? calendar::UseCftime::always : calendar::UseCftime::never;
  decode.drop_variables.insert(options.drop_variables.begin(), options.drop_variables.end());
  return decode;
}

array::Dataset with_chunks(const array::Dataset& dataset, const script::ChunkOptions& chunks) {
  if (chunks.kind != script::ChunkOptions::Kind::sizes) return dataset;
  array::ChunkWish wish;
  const array::DimSizes dims = dataset.sizes();
  for (const auto& [dim, size] : chunks.sizes) {
    const auto known = std::find_if(dims.begin(), dims.end(), [&, name = dim](const auto& item) { return item.first == name; });
    if (known == dims.end()) {
      std::vector<std::string> names;
      for (const auto& item : dims) names.push_back(item.first);
      throw UsageError("chunks= names '" + dim + "', which is no dim of the dataset; its dims are " + array::format_names(names));
    }
    if (size != 0) wish.by_dim.emplace_back(dim, size);
  }
  return wish.by_dim.empty() ? dataset : array::chunk(dataset, wish);
}

class StoreLeaves : public array::LeafReader {
 public:
  using Known = std::unordered_map<const array::StoredArray*, NdArray>;
  StoreLeaves(store::Reader& reader, const Known& known) : reader_(reader), known_(known) {}
  StridedView read(const array::StoredArray& array, const Box& box) override {
    if (const auto found = known_.find(&array); found != known_.end()) return StridedView::of(found->second).inside(box);
    return StridedView::of(reader_.read(array, box));
  }
  StridedView layer(LayerId, const Box&) override {
    RANKINE_CHECK(false, "no layers outside a plan");
    return {};
  }
 private:
  store::Reader& reader_;
  const Known& known_;
};

auto stored_arrays_of(const array::ExprPtr& expression) {
  plan::LogicalPlan alone;
  alone.sinks.push_back({plan::SinkKind::value, expression, {}, 0, 0, {}});
  return plan::stored_arrays(alone);
}

/// Numbers whose attributes cannot be decoded are refused where they are asked for, before anything is read.
void refuse_undecodable(const array::ExprPtr& expression) {
  for (const auto& array : stored_arrays_of(expression))
    if (!array->refusal.empty()) throw InputError(array->refusal);
}

/// Whether so much is read for it that one thread of rank 0 should not do it.
bool reads_much(const array::ExprPtr& expression) {
  constexpr std::uint64_t much = std::uint64_t{16} << 20;
  std::uint64_t read = 0;
  array::visit_stored(expression, Box::whole(expression->shape), [&](const array::StoredArrayPtr& array, const Box& box) {
    read += static_cast<std::uint64_t>(element_count(box.shape())) * size_of(array->dtype);
  });
  return read > much;
}

void load_indexes(const array::ExprPtr& expression, const StoreLeaves::Known& known) {
  for (const auto& array : stored_arrays_of(expression))
    if (array->storage == array::Storage::chunked && array->index == nullptr && !known.contains(array.get()))
      store::load_chunk_index(*array);
}

}  // namespace

PipelineHost::PipelineHost(Options options, Execute execute, report::Reporter& reporter)
    : options_(std::move(options)), execute_(std::move(execute)), reporter_(reporter), index_cache_(options_.index_cache) {
  if (options_.is_script) array::set_loader([this](const array::ExprPtr& expression) { return load_now(expression); });
  if (options_.memory != nullptr) set_memory_guard([memory = options_.memory](Bytes wanted) { memory->ask(wanted); });
}

PipelineHost::~PipelineHost() {
  if (options_.is_script) array::set_loader({});
  if (options_.memory != nullptr) set_memory_guard({});
}

script::CallGraph* PipelineHost::call_graph(std::vector<std::byte> program) {
  if (options_.planned_calls != nullptr) return options_.planned_calls;
  if (!options_.calls) return nullptr;
  // A call may read what the script has written before it.
  calls_ = std::make_unique<ScriptCalls>(options_.calls(), program, [this] { finish(); });
  return calls_.get();
}

namespace {

/// Bytes that reading and holding the whole of an expression takes at most.
double bytes_to_know(const array::ExprPtr& expression) {
  const auto bytes = [](DType dtype, const Shape& shape) {
    double total = static_cast<double>(size_of(dtype));
    for (const std::int64_t extent : shape) total *= static_cast<double>(extent);
    return total;
  };
  double total = bytes(expression->dtype, expression->shape);
  for (const auto& array : stored_arrays_of(expression)) total += bytes(array->dtype, array->shape);
  return total;
}
// A dry run reads coordinates, and fields that are as small: hourly times of a century are 7 MiB.
constexpr double peeked_bytes = 16 << 20;

std::string key_of(const std::vector<std::string>& paths, const store::CatalogueOptions& options) {
  std::string key = options.group + (options.consolidated ? "\n1" : "\n0");
  for (const auto& path : paths) key += "\n" + path;
  return key;
}

}  // namespace

void PipelineHost::end_dry_run() {
  dry_run_ = false;
  known_values_.clear();
}

std::optional<NdArray> PipelineHost::peek(const array::ExprPtr& expression) {
  if (bytes_to_know(expression) > peeked_bytes) return std::nullopt;
  return load_now(expression);
}

array::Catalogue PipelineHost::catalogue_of(const std::string& absolute, const store::CatalogueOptions& options) {
  const std::string key = key_of({absolute}, options);
  const auto found = catalogues_of_dry_run_.find(key);
  if (found == catalogues_of_dry_run_.end()) {
    array::Catalogue catalogue = index_cache_.open(absolute, options);
    if (dry_run_) catalogues_of_dry_run_.emplace(key, catalogue);
    return catalogue;
  }
  if (dry_run_) return found->second;
  array::Catalogue catalogue = std::move(found->second);
  catalogues_of_dry_run_.erase(found);
  return catalogue;
}

std::vector<store::OpenedFile> PipelineHost::files_of(const OpeningRequest& request) {
  const std::string key = key_of(request.paths, request.options);
  const auto found = files_of_dry_run_.find(key);
  if (found == files_of_dry_run_.end()) {
    std::vector<store::OpenedFile> files =
        options_.open_files ? options_.open_files(request)
                            // A task has one thread; rankine plan has the machine to itself.
                            : open_files_here(request, options_.is_script ? std::max(1u, std::thread::hardware_concurrency()) : 1);
    throw_failures(files);
    if (dry_run_) files_of_dry_run_.emplace(key, files);
    return files;
  }
  if (dry_run_) return found->second;
  std::vector<store::OpenedFile> files = std::move(found->second);
  files_of_dry_run_.erase(found);
  return files;
}

NdArray PipelineHost::load_now(const array::ExprPtr& expression) {
  if (dry_run_ && bytes_to_know(expression) > peeked_bytes) throw script::UnknownValue();
  if (array::is_constant(expression)) return array::evaluate_constant(expression);
  refuse_undecodable(expression);
  check_interrupt();  // a file may have thousands of small variables to look at
  // Much is read by the workers together, in blocks, rather than by one thread and whole. Pending outputs stay pending:
  // this may be in the middle of the next one's.
  if (options_.is_script && options_.prints && expression->dtype != DType::string && reads_much(expression)) {
    PlanRequest request;
    request.plan.sinks.push_back({plan::SinkKind::value, expression, {}, 0, 0, {}});
    return execute_(request).at(0);
  }
  load_indexes(expression, known_values_);
  StoreLeaves leaves(reader_, known_values_);
  return array::evaluate(expression, Box::whole(expression->shape), leaves);
}

array::Dataset PipelineHost::open(const std::string& path, const script::OpenOptions& options) {
  check_engine(options.engine);
  const std::string absolute = absolute_path(path);
  finish_if([&](const std::string& output) { return output == absolute; });
  return decode(catalogue_of(absolute, {options.group, options.consolidated}), options);
}

array::Dataset PipelineHost::decode(const array::Catalogue& catalogue, const script::OpenOptions& options) {
  check_engine(options.engine, catalogue);
  array::DecodeOptions decode = decode_options(options);
  decode.note = [&](const std::string& text) {
    if (!dry_run_ && noted_.insert(text).second) reporter_.note(catalogue.path + ": " + text);
  };
  array::Dataset dataset = array::decode_catalogue(catalogue, decode,
                                                   [this](const array::ExprPtr& expression) { return load_now(expression); });
  if (dry_run_) return dataset;  // what is told will be told when it is opened
  for (const auto& [name, path_and_reason] : dataset.left_out) {
    const std::string reason = path_and_reason.substr(catalogue.path.size() + 2);
    if (noted_.insert(name + ": " + reason).second)
      reporter_.note("variable '" + name + "' of " + catalogue.path + " is left out: " + reason);
  }
  reporter_.detail("opened " + catalogue.path + ", " + std::to_string(dataset.variables.size()) + " variables");
  for (const auto& variable : catalogue.variables)
    if (variable.data != nullptr) opened_.emplace_back(catalogue.path, variable.data);
  return dataset;
}

std::vector<array::Dataset> PipelineHost::open_all(std::vector<std::string>& names, const script::OpenOptions& options) {
  check_engine(options.engine);
  for (auto& name : names) name = absolute_path(name);
  finish_if([&](const std::string& output) { return std::find(names.begin(), names.end(), output) != names.end(); });
  OpeningRequest request;
  request.paths = names;
  request.options = {options.group, options.consolidated};
  request.cache_folder = options_.index_cache;
  std::vector<store::OpenedFile> files = files_of(request);
  std::vector<array::Dataset> parts;
  for (store::OpenedFile& file : files) {
    index_cache_.adopt(file.path, file.stamp, request.options, file.catalogue);
    for (auto& [number, values] : file.values)
      known_values_.emplace(file.catalogue.variables[number].data.get(), std::move(values));
    array::Dataset part = decode(file.catalogue, options);
    parts.push_back(options.preprocess ? options.preprocess(part) : std::move(part));
  }
  return parts;
}

void PipelineHost::finish_if(const std::function<bool(const std::string& output)>& is_wanted) {
  if (std::any_of(pending_.outputs.begin(), pending_.outputs.end(),
                  [&](const array::OutputSpec& output) { return is_wanted(output.path); }))
    finish();
}

void PipelineHost::refuse_to_replace_input(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return;
  std::erase_if(opened_, [](const auto& entry) { return entry.second.expired(); });
  std::set<std::string> inputs;
  for (const auto& [input, array] : opened_) inputs.insert(input);
  for (const auto& input : inputs) {
    if (input != path && !fs::equivalent(input, path, error)) continue;
    throw OutputError("cannot write to " + path + ": the script reads from it; write to another name, or load() and "
                      "close() what it reads first");
  }
}

array::Dataset PipelineHost::open_dataset(const std::string& path, const script::OpenOptions& options) {
  return with_chunks(open(path, options), options.chunks);
}

array::Dataset PipelineHost::open_zarr(const std::string& path, const script::OpenOptions& options) {
  script::OpenOptions of_zarr = options;
  of_zarr.engine = "zarr";
  return with_chunks(open(path, of_zarr), options.chunks);
}

array::Dataset PipelineHost::open_mfdataset(const std::vector<std::string>& paths, const script::OpenOptions& options) {
  std::vector<std::string> files = paths;
  if (paths.size() == 1 && paths[0].find_first_of("*?[") != std::string::npos) {
    files = glob(paths[0]);
    if (files.empty()) throw InputError("no file matches '" + paths[0] + "'");
    std::sort(files.begin(), files.end());
  }
  if (files.empty()) throw InputError("open_mfdataset was given no files");
  // Known values are only kept while the files are put together.
  const std::unique_ptr<void, std::function<void(void*)>> forget(this, [this](void*) { known_values_.clear(); });
  std::vector<array::Dataset> parts = open_all(files, options);
  const bool nested = options.combine == "nested";
  if (nested && options.concat_dim.size() != 1)
    throw UnsupportedError("combine='nested' needs concat_dim= with one dim; nested lists of files are not supported");
  const std::vector<std::string> lines = array::disagreements(parts, files, nested ? options.concat_dim[0] : "");
  array::Dataset combined;
  try {
    combined = nested ? array::combine_nested(std::move(parts), options.concat_dim[0]) : array::combine_by_coords(std::move(parts), files);
  } catch (const Error& error) {
    if (lines.empty()) throw;
    std::string text = std::string(error.what()) + "; the files disagree:";
    for (const auto& line : lines) text += "\n  " + line;
    throw Error(error.code(), text);
  }
  if (!dry_run_)
    for (const auto& line : lines) reporter_.note(line);
  return with_chunks(combined, options.chunks);
}

std::vector<NdArray> PipelineHost::load(const std::vector<array::ExprPtr>& expressions) {
  std::vector<NdArray> values(expressions.size());
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    if (array::is_constant(expressions[i])) values[i] = array::evaluate_constant(expressions[i]);
    else asked.push_back(i);
  }
  if (asked.empty()) return values;
  for (const std::size_t i : asked) refuse_undecodable(expressions[i]);
  PlanRequest request = std::move(pending_);
  pending_ = {};
  for (const std::size_t i : asked) request.plan.sinks.push_back({plan::SinkKind::value, expressions[i], {}, 0, 0, {}});
  std::vector<NdArray> computed = execute_(request);
  index_cache_.save();
  for (std::size_t i = 0; i < asked.size(); ++i) values[asked[i]] = std::move(computed[i]);
  return values;
}

void PipelineHost::finish() {
  if (pending_.outputs.empty()) return;
  PlanRequest request = std::move(pending_);
  pending_ = {};
  execute_(request);
  index_cache_.save();
}

void PipelineHost::add_netcdf_sink(const array::Dataset& dataset, const std::string& path, const script::SinkOptions& options) {
  array::OutputFormat format = array::OutputFormat::netcdf4;
  if (options.format == "NETCDF4_CLASSIC") format = array::OutputFormat::netcdf4_classic;
  else if (options.format == "NETCDF3_64BIT") format = array::OutputFormat::netcdf3_64bit;
  else if (options.format == "NETCDF3_64BIT_DATA" || options.format == "NETCDF3_CDF5") format = array::OutputFormat::netcdf3_64bit_data;
  else if (options.format == "NETCDF3_CLASSIC") format = array::OutputFormat::netcdf3_classic;
  else if (!options.format.empty() && options.format != "NETCDF4")
    throw UsageError("format='" + options.format + "' is none of NETCDF4, NETCDF4_CLASSIC, NETCDF3_64BIT, NETCDF3_64BIT_DATA, NETCDF3_CLASSIC");
  add_sink(dataset, path, format, options);
}

void PipelineHost::add_zarr_sink(const array::Dataset& dataset, const std::string& path, const script::SinkOptions& options) {
  add_sink(dataset, path, options.zarr_format == 3 ? array::OutputFormat::zarr3 : array::OutputFormat::zarr2, options);
}

void PipelineHost::add_sink(const array::Dataset& dataset, const std::string& path, array::OutputFormat format,
                            const script::SinkOptions& options) {
  array::EncodeOptions encode;
  encode.path = absolute_path(path);
  const bool adds = options.mode == "a" || options.mode == "r+";
  if (!adds && options.group.empty()) refuse_to_replace_input(encode.path);
  encode.format = format;
  encode.mode = options.mode == "w-"   ? array::WriteMode::w_minus
                : options.mode == "a"  ? array::WriteMode::a
                : options.mode == "r+" ? array::WriteMode::r_plus
                                       : array::WriteMode::w;
  encode.group = options.group == "/" ? "" : options.group;
  for (const auto& [name, encoding] : options.encoding) encode.encoding[name] = encoding;
  encode.unlimited_dims = options.unlimited_dims;
  encode.consolidated = options.consolidated;
  encode.history = options_.history;
  encode.note = [this](const std::string& text) { reporter_.note(text); };
  encode.suggested_chunks = [](const std::string&, const array::Variable& variable) {
    const array::AttributeValue* fill = variable.attrs.find("_FillValue");
    const auto* number = fill == nullptr ? nullptr : std::get_if<NdArray>(fill);
    return plan::suggest_chunks(variable.data, number == nullptr ? std::nullopt : std::optional<NdArray>(*number));
  };
  encode.is_moved = [](const array::ExprPtr& values, const array::OutputVariable& variable) {
    return MovedChunks(values, variable).find(Index(variable.shape.size(), 0)).has_value();
  };
  // Two outputs of one path: the later replaces the earlier or adds to it, as it would under xarray.
  const auto same = std::find_if(pending_.outputs.begin(), pending_.outputs.end(),
                                 [&](const array::OutputSpec& output) { return output.path == encode.path; });
  if (same != pending_.outputs.end()) finish();

  for (const auto& [name, variable] : dataset.variables) refuse_undecodable(variable.data);
  const array::LoadFn load = [this](const array::ExprPtr& expression) { return load_now(expression); };
  std::optional<array::Catalogue> there;
  std::optional<std::int64_t> begin;
  if (!options.append_dim.empty() && options_.earlier_append) begin = options_.earlier_append(encode.path, appends_[encode.path]++, pending_.outputs);
  if (adds && begin != -1 && store::has_zarr_group(encode.path, encode.group)) {
    there = store::open_catalogue(encode.path, {encode.group, false});
    if (begin) there = before_append(std::move(*there), options.append_dim, *begin);
    encode.format = there->format == "Zarr v3" ? array::OutputFormat::zarr3 : array::OutputFormat::zarr2;
    encode.is_moved = {};  // what is there decides
    for (const auto& variable : there->variables) encode.in_store.insert(variable.name);
  } else if (!options.region.empty()) {
    throw OutputError("cannot write a region of " + encode.path + ": there is no such store; make it first with mode='w'");
  }
  // Now, where the script says it, and not when all of it has been computed. What an earlier job of this run has written is
  // there with good reason.
  if (options_.prints && !(options_.goes_on && options_.goes_on(first_output_.empty() ? encode.path : first_output_))) {
    array::OutputSpec place;
    place.path = encode.path;
    place.mode = encode.mode;
    place.group = encode.group;
    place.format = encode.format;
    store::check_output(place);
  }
  if (first_output_.empty()) first_output_ = encode.path;

  array::EncodedDataset encoded =
      array::encode_dataset(there ? with_existing_encodings(dataset, *there, options, load) : dataset, encode, load);
  if (there) fit_into_existing(encoded, *there, options, load);
  encoded.spec.append_dim = options.append_dim;
  encoded.spec.append_begin = there ? size_of_dim(*there, options.append_dim) : -1;

  const auto output = static_cast<std::uint32_t>(pending_.outputs.size());
  for (std::size_t i = 0; i < encoded.lazy.size(); ++i) {
    if (encoded.lazy[i] == nullptr) continue;
    plan::Sink sink;
    sink.kind = plan::SinkKind::write;  // decided when the output has been created
    sink.values = encoded.lazy[i];
    sink.name = encoded.spec.variables[i].name + " in " + fs::path(encode.path).filename().string();
    sink.output = output;
    sink.variable = static_cast<std::uint32_t>(i);
    sink.stored_chunk = encoded.spec.variables[i].chunk_shape;
    pending_.plan.sinks.push_back(std::move(sink));
  }
  pending_.outputs.push_back(std::move(encoded.spec));
}

void PipelineHost::print(std::string_view text, bool to_stderr) {
  if (!options_.prints) return;
  reporter_.clear_line();
  if (to_stderr) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
    return;
  }
  if (stdout_closed_) return;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (written) return;
  // Who reads the first lines only (`| head`) wants no more text, but the script's outputs all the same.
  if (errno != EPIPE) throw OutputError(std::string("cannot print to the standard output: ") + std::strerror(errno));
  stdout_closed_ = true;
}

void PipelineHost::note(const std::string& text) { reporter_.note(text); }

void PipelineHost::draw_graph(const DotGraph& graph, const std::string& path) {
  runtime::draw_graph(graph, absolute_path(path));
}

void PipelineHost::sleep(double seconds) {
  if (!options_.prints) return;  // a plan is not waited for
  // In short parts, so that a signal is heard.
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    check_interrupt();
    // Calls go on meanwhile: rank 0's thread is also the one that schedules.
    if (calls_) calls_->poll();
    const std::chrono::duration<double> left = end - std::chrono::steady_clock::now();
    const auto part = calls_ ? std::chrono::microseconds(200) : std::chrono::microseconds(100000);
    std::this_thread::sleep_for(std::clamp<std::chrono::duration<double>>(left, std::chrono::duration<double>(0), part));
  }
}

double PipelineHost::wall_clock_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double PipelineHost::steady_clock_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::uint64_t PipelineHost::entropy() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::optional<std::string> PipelineHost::environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool PipelineHost::path_exists(const std::string& path) {
  if (has_null(path)) return false;  // as Python says
  const std::string absolute = absolute_path(path);
  finish_if([&](const std::string& output) { return output == absolute; });
  std::error_code error;
  return fs::exists(path, error);
}

bool PipelineHost::is_directory(const std::string& path) {
  if (has_null(path)) return false;
  std::error_code error;
  return fs::is_directory(path, error);
}

void PipelineHost::make_directories(const std::string& path, bool exist_ok) {
  if (has_null(path)) throw UsageError("embedded null byte");
  if (!exist_ok && path_exists(path)) throw OutputError("cannot create directory '" + path + "': it exists");
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw OutputError("cannot create directory '" + path + "': " + error.message());
}

std::vector<std::string> PipelineHost::glob(const std::string& pattern) {
  if (has_null(pattern)) return {};
  const std::string absolute = absolute_path(pattern);
  finish_if([&](const std::string& output) { return ::fnmatch(absolute.c_str(), output.c_str(), FNM_PATHNAME) == 0; });
  std::vector<std::string> paths;
  for (store::Retries retries;;) {
    ::glob_t matches{};
    // Folders that may not be read are passed over, as Python does; a server that does not answer is not taken for an empty one.
    const int rehearsed = store::rehearsed_error(store::IoCall::list, absolute);
    const int result = rehearsed != 0 ? GLOB_ABORTED
                                      : ::glob(pattern.c_str(), 0, [](const char*, int error) { return store::is_passing(error) ? 1 : 0; },
                                               &matches);
    const int error = rehearsed != 0 ? rehearsed : errno;
    if (result == 0) paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
    if (rehearsed == 0) ::globfree(&matches);
    if (result != GLOB_ABORTED) return paths;
    if (!retries.again(error)) throw InputError("cannot list '" + pattern + "': " + std::strerror(error));
  }
}

}  // namespace rankine::runtime
