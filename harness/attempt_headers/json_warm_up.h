// What attempts of the json katas commonly do, so that the templates behind it are instantiated and
// compiled once, with the headers, and not at every save. Never called.
namespace unaided_warm_up {

using nlohmann::json;

inline json build(const std::string& text) {
  json object = {{"role", "user"}, {"content", text}, {"count", 1}, {"share", 0.5}, {"done", true}};
  object["list"] = json::array({1, "two", nullptr});
  object["list"].push_back(text), object["list"].push_back({{"id", text}}),
      object["none"] = nullptr;
  object["names"] = std::vector<std::string>{text},
  object["map"] = std::map<std::string, int>{{text, 1}};
  object["n"] = 1, object["x"] = 1.5, object["b"] = false, object["s"] = "text",
  object[text] = text;
  object["size"] = text.size(), object["long"] = std::int64_t{1}, object["empty"] = json::object();
  object.update(json::object()), object.erase("n"), object.emplace("k", 1), object["list"].erase(0);
  object["list"].insert(object["list"].begin(), json("x")), object["list"].emplace_back("x");
  return object;
}

inline std::string read(const json& object) {
  std::string text =
      object.at("role").get<std::string>() + object.value("content", "") + object.dump();
  if (object.contains("count") && object["count"].is_number_integer()) text += object.dump(2);
  for (const json& entry : object.at("list"))
    text += entry.is_string() ? entry.get<std::string>() : "";
  for (const auto& [key, value] : object.items()) text += key + value.dump() + value.type_name();
  for (auto entry = object.begin(); entry != object.end(); ++entry)
    text += entry.key() + entry->dump();
  if (const auto found = object.find("x"); found != object.end())
    text += std::to_string(found->get<double>());
  text += std::to_string(object.value("n", 1) + object.value("x", 1.0) + object.value("b", false));
  text += std::to_string(object["n"].get<int>() + object["n"].get<std::int64_t>() + object.size());
  const std::string name = object.at("name");
  const std::vector<std::string> names = object.at("names");
  const bool same = object == object && object != json("x") && object.at("b").get<bool>();
  if (same || object.is_object() || object.is_array() || object.is_null() || object.is_number())
    return name;
  return object.empty() || object.is_boolean() || object.is_number_unsigned() ? text + names[0]
                                                                              : text;
}

inline json parse(const std::string& text) {
  json lenient = json::parse(text, nullptr, false);
  if (lenient.is_discarded() || json::accept(text)) return json::object();
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    return std::string("not JSON: ") + error.what();
  } catch (const json::exception& error) {
    return {{"error", error.what()}};
  } catch (const std::exception& error) {
    throw std::runtime_error(error.what());
  }
}

inline void library(const std::string& text) {
  std::map<std::string, int> counts;
  ++counts[text], counts.erase(text), counts.clear();
  std::unordered_map<std::string, std::string> names{{text, text}};
  if (const auto found = names.find(text); found != names.end()) names.erase(found);
  std::map<std::string, json> objects;
  objects[text] = text, objects.emplace(text, json());
  std::vector<std::string> words{text};
  words.push_back(text), words.emplace_back("a"), words.insert(words.end(), text), words.reserve(3);
  std::vector<json> list;
  list.push_back(text), list.emplace_back(json::object()), list.insert(list.begin(), json());
  list.erase(list.begin()), list.pop_back();
  std::sort(words.begin(), words.end());
  std::set<std::string> seen(words.begin(), words.end());
  std::unordered_set<std::string> ids{text};
  std::deque<std::string> recent{text};
  recent.push_back(text), recent.pop_front();
  const auto where = std::find(words.begin(), words.end(), text);
  const std::function<std::string(const json&)> tool = [&](const json& a) {
    return a.dump() + text;
  };
  const std::optional<std::string> reply =
      tool(json()) + std::string(where == words.end() ? "" : "a");
  std::ostringstream out;
  out << text << 1 << 1.5 << reply.value_or("") << text.substr(0, 2) << ids.count(text)
      << seen.size();
  std::cout << out.str() << text << 1 << std::endl;
  const auto shared = std::make_shared<json>(json(*std::make_unique<int>(1)));
  throw std::invalid_argument(out.str() + shared->dump() + std::to_string(1) + std::to_string(1.5));
}

/// nlohmann's templates are made anew for each length of a literal.
template <std::size_t size>
inline bool use_literal(json& object, const char (&text)[size]) {
  json made = text;
  json list = {text, text};
  list.push_back(text), list.push_back({text, made}),
      list = {{text, text}, {text, made}, {text, 1}};
  object[text] = text, object[text] = made, made = json::array({text, made});
  const json& constant = object;
  const std::string same = object.value(text, "") + object.value(text, std::string());
  const auto found = constant.find(text);
  object.emplace(text, text), object.emplace(text, made), object.erase(text);
  return constant.contains(text) && constant.at(text) == text && object.at(text) != made &&
         found != constant.end() && object.find(text) != object.end() && *found == same &&
         constant[text].is_null() && object.value(text, 1) + object.value(text, 1.0) > 0 &&
         object.value(text, true) && constant.count(text) == 1;
}

template <std::size_t... sizes>
inline bool use_literals(json& object, std::index_sequence<sizes...>) {
  return (... && use_literal<sizes + 2>(object, {}));
}

inline bool literals(json object) {
  return use_literals(object, std::make_index_sequence<24>());
}

}  // namespace unaided_warm_up
