#include "rankine/client.hpp"

#include <cstdio>
#include <cstdlib>

#include "api/convert.hpp"
#include "api/tasks.hpp"
#include "launch/job.hpp"
#include "runtime/pipeline_host.hpp"

namespace rankine {
namespace {

script::OpenOptions open_options(const OpenOptions& options) {
  script::OpenOptions inner;
  if (!options.chunks.empty()) inner.chunks = {script::ChunkOptions::Kind::sizes, options.chunks};
  inner.group = options.group;
  inner.decode_cf = options.decode_cf;
  inner.mask_and_scale = options.mask_and_scale;
  inner.decode_times = options.decode_times;
  inner.drop_variables = options.drop_variables;
  return inner;
}

script::SinkOptions sink_options(const WriteOptions& options) {
  script::SinkOptions inner;
  inner.mode = options.mode;
  inner.format = options.format;
  for (const auto& [name, encoding] : options.encoding) inner.encoding.emplace_back(name, api::attributes(encoding));
  if (!options.unlimited_dims.empty()) inner.unlimited_dims = options.unlimited_dims;
  return inner;
}

/// The options of the environment over those of the program.
cli::Options job_options(const RunOptions& given, const std::string& program) {
  cli::Options options = cli::parse_options({"run", program});  // and RANKINE_OPTIONS
  if (!options.threads) options.threads = given.threads;
  if (!options.memory_limit && given.memory_limit_bytes) options.memory_limit = Bytes(*given.memory_limit_bytes);
  if (options.resources.empty()) options.resources = given.resources;
  if (given.quiet && options.verbosity == report::Verbosity::normal) options.verbosity = report::Verbosity::quiet;
  return options;
}

}  // namespace

class Client::State {
 public:
  State(runtime::PipelineHost& to, std::function<runtime::Calls&()> begin_calls)
      : host(to), port(std::make_shared<api::CallsPort>(std::move(begin_calls))) {}
  ~State() { port->close(); }
  runtime::PipelineHost& host;
  std::shared_ptr<api::CallsPort> port;
};

Client::Client(State& state) : TaskClient(state.port), state_(state) {}

Dataset Client::open_dataset(const std::string& path, const OpenOptions& options) {
  return api::wrap(state_.host.open_dataset(path, open_options(options)));
}

Dataset Client::open_mfdataset(const std::vector<std::string>& paths, const OpenOptions& options) {
  return api::wrap(state_.host.open_mfdataset(paths, open_options(options)));
}

Dataset Client::open_zarr(const std::string& path, const OpenOptions& options) {
  return api::wrap(state_.host.open_zarr(path, open_options(options)));
}

void Client::to_netcdf(const Dataset& dataset, const std::string& path, const WriteOptions& options) {
  state_.host.add_netcdf_sink(dataset.held(), path, sink_options(options));
}

void Client::to_zarr(const Dataset& dataset, const std::string& path, const WriteOptions& options) {
  state_.host.add_zarr_sink(dataset.held(), path, sink_options(options));
}

void Client::compute() { state_.host.finish(); }

template <class T>
Values<T> Client::load(const DataArray& x) {
  const array::ExprPtr& data = x.held().variable.data;
  const bool text = data->dtype == DType::string;
  if (text != std::is_same_v<T, std::string>)
    throw UsageError("values of dtype " + name_of(data->dtype) + " cannot be loaded as " +
                     (text ? "numbers" : "strings"));
  Values<T> values;
  values.shape = data->shape;
  if constexpr (std::is_same_v<T, std::string>) {
    values.elements = state_.host.load({data})[0].strings();
  } else {
    const NdArray loaded = state_.host.load({array::cast(data, DTypeOf<T>::value)})[0];
    const auto elements = loaded.template values<T>();
    values.elements.assign(elements.begin(), elements.end());
  }
  return values;
}

double Client::item(const DataArray& x) {
  const Values<double> values = load<double>(x);
  if (values.elements.size() != 1)
    throw UsageError("item needs an array of one element, not of shape " + format_tuple(values.shape));
  return values.elements[0];
}

template Values<bool> Client::load<bool>(const DataArray&);
template Values<float> Client::load<float>(const DataArray&);
template Values<double> Client::load<double>(const DataArray&);
template Values<std::int8_t> Client::load<std::int8_t>(const DataArray&);
template Values<std::int16_t> Client::load<std::int16_t>(const DataArray&);
template Values<std::int32_t> Client::load<std::int32_t>(const DataArray&);
template Values<std::int64_t> Client::load<std::int64_t>(const DataArray&);
template Values<std::uint8_t> Client::load<std::uint8_t>(const DataArray&);
template Values<std::uint16_t> Client::load<std::uint16_t>(const DataArray&);
template Values<std::uint32_t> Client::load<std::uint32_t>(const DataArray&);
template Values<std::uint64_t> Client::load<std::uint64_t>(const DataArray&);
template Values<std::string> Client::load<std::string>(const DataArray&);

int run(int argc, char** argv, const std::function<void(Client&)>& pipeline, const RunOptions& options) {
  std::string command;
  for (int i = 0; i < argc; ++i) command += (i == 0 ? "" : " ") + std::string(argv[i]);
  const std::vector<std::string> words(argv, argv + argc);
  try {
    const cli::Options job = job_options(options, argc > 0 ? argv[0] : "program");
    return launch::run_job(job, argc, argv, [&](runtime::Session& session, report::Reporter& reporter) {
      cli::Options own = job;
      own.script_arguments.assign(words.begin() + (words.empty() ? 0 : 1), words.end());
      if (job.resumable) session.keep_progress(launch::run_directory_options(own, ""));
      runtime::PipelineHost host(
          {words, launch::history_line(command), true, [&] { session.check_interrupt(); }, job.index_cache, true, {}, nullptr,
           [&](const runtime::OpeningRequest& request) { return session.open_files(request); },
           [&](const std::string& first_output) { return session.goes_on(first_output); }},
          [&](const runtime::PlanRequest& request) { return session.run(request.plan, request.outputs); }, reporter);
      Client::State state(host, [&]() -> runtime::Calls& { return session.calls(); });
      Client client(state);
      pipeline(client);
      host.finish();
      return static_cast<int>(ExitCode::done);
    }, &api::task_library());
  } catch (const Error& error) {
    return launch::report_before_start(error);
  }
}

}  // namespace rankine
