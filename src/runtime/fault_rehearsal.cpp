#include "runtime/fault_rehearsal.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <sstream>

#include "base/error.hpp"

namespace rankine::runtime {

FaultRehearsal::FaultRehearsal(const std::string& text) {
  static const std::map<std::string, LifePoint> points{
      {"launch", LifePoint::launch}, {"start", LifePoint::start}, {"plan", LifePoint::plan},
      {"task", LifePoint::task},     {"close", LifePoint::close}, {"leave", LifePoint::leave}};
  std::istringstream faults(text);
  for (std::string one; std::getline(faults, one, ';');) {
    std::istringstream words(one);
    Fault fault;
    bool any = false;
    for (std::string word; words >> word; any = true) {
      const std::size_t equals = word.find('=');
      const std::string name = word.substr(0, equals), value = equals == std::string::npos ? "" : word.substr(equals + 1);
      const auto point = points.find(value);
      const bool is_number = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
      if (name == "rank" && (is_number || value == "any")) fault.rank = value == "any" ? -1 : std::atoi(value.c_str());
      else if (name == "at" && point != points.end()) fault.point = point->second;
      else if (name == "task" && !value.empty()) {
        fault.task = value;
        std::replace(fault.task.begin(), fault.task.end(), '+', ' ');
      }
      else if (name == "error" && !value.empty()) {
        fault.error = value;
        std::replace(fault.error.begin(), fault.error.end(), '+', ' ');
      }
      else if (name == "count" && std::atoi(value.c_str()) > 0) fault.count = static_cast<unsigned>(std::atoi(value.c_str()));
      else if (name == "signal" && std::atoi(value.c_str()) > 0) fault.signal = std::atoi(value.c_str());
      else throw UsageError("RANKINE_REHEARSE: '" + word + "' is none of rank=, at=, task=, count=, signal=, error= with its value");
    }
    if (any) faults_.push_back(fault);
  }
}

FaultRehearsal FaultRehearsal::from_environment() {
  const char* text = std::getenv("RANKINE_REHEARSE");
  return text == nullptr ? FaultRehearsal() : FaultRehearsal(text);
}

void FaultRehearsal::pass(LifePoint point, int rank, const std::string& task) {
  for (Fault& fault : faults_) {
    const bool meant = fault.point == point && (fault.rank < 0 ? rank != 0 : fault.rank == rank) &&
                       (fault.task.empty() || task.find(fault.task) != std::string::npos);
    if (!meant || fault.count == 0) continue;
    if (!fault.error.empty()) {
      if (fault.count > 1) --fault.count;
      else throw Error(ExitCode::task_failed, fault.error);
      continue;
    }
    if (--fault.count != 0) continue;
    ::signal(fault.signal, SIG_DFL);
    ::raise(fault.signal);  // this thread does not come back from it
  }
}

}  // namespace rankine::runtime
