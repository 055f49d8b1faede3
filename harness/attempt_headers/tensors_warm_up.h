// What attempts of the tensor katas commonly do, so that the templates behind it are instantiated
// and compiled once, with the headers, and not at every save. Never called.
#include <ATen/Dispatch.h>

namespace unaided_warm_up {

inline void create(const torch::Tensor& x) {
  const auto options = x.options().dtype(torch::kFloat32);
  const std::vector<int64_t> shape{1, x.size(0)};
  torch::Tensor y = torch::zeros({2, 3}, options) + torch::ones({2, x.size(0)}) * 2 - 1.0 / x;
  y = torch::empty(shape, options);
  y = torch::zeros(shape) + torch::full({2}, 1.0, options) + torch::full({2}, -INFINITY);
  y = torch::zeros(x.sizes(), torch::kFloat64) + torch::empty({1, 2}, torch::kInt64);
  y = torch::arange(5, options) + torch::arange(0, 5) + torch::arange(0, 6, 2, torch::kFloat64);
  y = torch::zeros_like(x) + torch::ones_like(x) + torch::empty_like(x) + torch::full_like(x, 2);
  y = torch::tensor({1.0, 2.0}) + torch::tensor(std::vector<float>{1.0F}) + torch::scalar_tensor(1);
  y = torch::eye(3) + torch::randn({2, 2}) + torch::rand({2, 2}) + torch::linspace(0, 1, 5);
  y = torch::tensor(std::vector<int64_t>{1}) + torch::tensor({1, 2}, torch::kLong);
  y = torch::tril(torch::ones({2, 2}, torch::kBool)) + torch::triu(y, 1);
}

inline torch::Tensor shape(torch::Tensor x) {
  auto sizes = x.sizes().vec();
  sizes.back() = 1;
  x = x.view({1, -1}).reshape({2, 3}).permute({1, 0}).contiguous().expand({2, 2, 2}).flatten(-2);
  x = x.unsqueeze(0).squeeze(0).narrow(0, 1, 2).select(0, 1).slice(0, 1, 2).clone().detach();
  x = x.to(torch::kFloat32).to(x.device()).t().transpose(-2, -1).view(sizes).reshape(x.sizes());
  x = torch::cat({x, x}, 0) + torch::stack({x, x}) + torch::concat({x, x}, -1);
  x = x.repeat({1, 2}).repeat_interleave(2, 0) + x.expand_as(x) + x.view_as(x) +
      x.toType(torch::kInt);
  x = x.chunk(2, -1)[0] + x.split(2)[1] + x.unbind(0)[0] + x.roll(1) + x.flip({0}) +
      x.movedim(0, 1);
  if (x.sizes() == x.sizes() && x.dim() == 2 && x.is_contiguous()) return x.to(torch::kDouble);
  return x.to(x.scalar_type()).unflatten(0, {1, 2});
}

inline torch::Tensor compute(torch::Tensor x, const torch::Tensor& y) {
  x = torch::matmul(x, y.transpose(-1, -2)).div(2.0) / std::sqrt(static_cast<double>(x.size(-1)));
  x = torch::bmm(x, y) + torch::mm(x, y) + torch::outer(x, y) + x.mm(y) + x.matmul(y) + x.bmm(y);
  x = torch::einsum("ij,kj->ik", {x, y}) + torch::softmax(x, -1) + x.softmax(-1) +
      x.log_softmax(-1);
  x = torch::exp(x).log().sqrt().rsqrt().sin().cos().neg().abs().pow(2).clamp_min(0).tanh();
  x = x.sigmoid().relu().clamp(0, 1).exp().square().reciprocal().floor().round().sign() +
      torch::relu(x);
  x = torch::pow(2.0, x) + torch::pow(x, 2) + torch::sqrt(x) + torch::log(x) + torch::abs(x);
  x = torch::maximum(x, y) + torch::minimum(x, y) + torch::nan_to_num(x) +
      torch::cos(x) * torch::sin(y);
  x = x * y - x / y + 2 * x - 1.0 + (1 - x) + -x + (x + 1) + (2.0 - y) + (1.0 / x) + (x / 2.0);
  x.copy_(y).add_(y).mul_(2.0).sub_(y).div_(2.0).zero_().fill_(1.0).clamp_(0, 1).add_(y, -0.1);
  x += y, x -= y, x *= 2, x /= 3.0, x *= y, x += 1;
  return torch::where(x > 0, x, torch::zeros_like(y)) + torch::where(x.gt(0), x, 0.0);
}

inline torch::Tensor reduce(torch::Tensor x) {
  auto [largest, where] = x.max(-1, true);
  x = x - largest + std::get<0>(torch::max(x, 1)) + x.amax({-1}, true) + x.amax(-1) + where;
  x = x.sum(-1, true) + x.sum({0, 1}) + x.mean() + x.sum() + x.mean(-1) + x.max() + x.min() +
      x.norm();
  x = x.cumsum(-1) + x.argmax(-1) + torch::logsumexp(x, -1) + x.prod() + x.std() + x.var() +
      x.numel();
  x = std::get<0>(x.sort(-1, true)) + std::get<1>(x.topk(3)) + x.argsort(-1, true) + torch::sum(x);
  x = std::get<0>(torch::sort(x)) + std::get<0>(torch::topk(x, 2)) + torch::argmax(x) +
      torch::cumsum(x, 0);
  return x.all().logical_or(x.any()) + torch::isinf(x).any() + torch::isfinite(x).all();
}

inline torch::Tensor index(torch::Tensor x, const torch::Tensor& mask) {
  using torch::indexing::None;
  using torch::indexing::Slice;
  x = x.masked_fill(mask.logical_not(), -INFINITY) + x.masked_fill(mask == 0, 0);
  x.masked_fill_(mask, 0.0);
  x.index_put_({Slice(0, 2)}, x), x.index_put_({0, Slice()}, 1.0), x.index_put_({mask}, 0);
  x = x.index({Slice(), None, "...", 0}) + x.index({mask}) + x.index({0}) + x[0][1] + x[mask];
  x = x.index({Slice(None, 2), Slice(1, None)}) + x.index({"...", Slice(0, None, 2)});
  x = x.index_select(0, mask) + x.gather(0, mask) + x.scatter(0, mask, 1.0) + x.take(mask);
  x.scatter_add_(0, mask, x), x.scatter_(0, mask, x), x.index_copy_(0, mask, x);
  x = torch::gather(x, -1, mask.unsqueeze(-1)) + torch::index_select(x, 0, mask);
  return (torch::isinf(x) | (torch::isnan(x) & ~mask)) + (x >= 0) + (x < mask) + (x != 1) +
         (x <= 2.0);
}

inline double read(const torch::Tensor& x, const std::optional<torch::Tensor>& mask) {
  if (x.dim() < 2 || x.size(-1) != x.stride(0)) {
    throw std::invalid_argument("expected 2 dimensions, got " + std::to_string(x.dim()));
  }
  TORCH_CHECK(x.defined(), "x ", x.sizes(), " y ", 3, x.dtype());
  TORCH_CHECK(x.numel() > 0);
  if (torch::allclose(x, x) || x.equal(x) || x.scalar_type() == torch::kBool || !mask.has_value() ||
      x.dtype() != torch::kLong || x.requires_grad() || mask->is_contiguous() ||
      x.is_floating_point()) {
    return x.item<double>() + x.item<float>() + x.item().toDouble();
  }
  std::ostringstream text;
  text << x.sizes() << "s" << 1 << 1.0 << x.scalar_type() << x.size(0);
  if (x.item<bool>()) throw std::runtime_error(text.str());
  return static_cast<double>(x.item<int64_t>() + x.item<int>());
}

template <class T>
void loop(const torch::Tensor& x, torch::Tensor& out) {
  auto a = x.accessor<T, 1>();
  auto b = x.accessor<T, 2>();
  auto c = x.accessor<T, 3>();
  auto d = out.accessor<T, 4>();
  const T* from = x.data_ptr<T>();
  T* to = out.data_ptr<T>();
  to[0] = from[0] + *x.const_data_ptr<T>() + *out.mutable_data_ptr<T>();
  std::vector<T> row(5);
  std::vector<std::vector<T>> rows(3, std::vector<T>(4));
  row.push_back(a[0] + b[0][1] + c[0][1][2] + a.size(0) + b.size(1));
  row.resize(7), row.emplace_back(T(1)), row.assign(3, T(0)), row.reserve(9),
      row.insert(row.end(), 2, T(1));
  rows.push_back(row), rows.emplace_back(2, T(0)), rows.resize(2), rows.assign(2, row);
  row.assign(from, from + 2);
  d[0][0][0][0] =
      std::exp(row[0]) + std::max(row[0], row.at(1)) + std::min(row.front(), row.back());
  std::sort(row.begin(), row.end());
  std::sort(row.begin(), row.end(), std::greater<>());
  std::fill(row.begin(), row.end(), T(0));
  d[0][0][0][1] =
      std::accumulate(row.begin(), row.end(), T(0)) + *std::max_element(row.begin(), row.end());
  std::copy(row.begin(), row.end(), to);
}

inline void loops(const torch::Tensor& x, torch::Tensor out) {
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "loops", [&] { loop<scalar_t>(x, out); });
  loop<int64_t>(x, out);
  const auto ints = x.accessor<int64_t, 2>();
  const auto bools = x.accessor<bool, 2>();
  if (bools[0][0] && *x.data_ptr<bool>()) *out.data_ptr<int64_t>() = ints[0][0];
}

inline void library(const torch::Tensor& x) {
  std::vector<int64_t> order(4);
  std::iota(order.begin(), order.end(), 0);
  const auto less = [&](int64_t a, int64_t b) { return a < b; };
  std::sort(order.begin(), order.end(), less);
  std::stable_sort(order.begin(), order.end(), less);
  std::unordered_map<std::string, int> counts;
  ++counts["a"], counts.clear(), counts.erase("a");
  std::map<int, std::string> names{{1, "a"}};
  names[1] = "b" + names.at(1) + std::string("c") + 'd';
  std::unordered_map<int64_t, torch::Tensor> tensors;
  tensors[1] = x;
  if (const auto found = tensors.find(2); found != tensors.end()) tensors.erase(found);
  std::set<int> numbers{1};
  std::unordered_set<int64_t> seen(order.begin(), order.end());
  seen.insert(numbers.count(1) != 0 && seen.contains(2) ? 1 : 2);
  const auto shared = std::make_shared<int>(2);
  const std::function<int(int)> add = [=](int a) { return a + *shared; };
  std::vector<torch::Tensor> list{x};
  list.push_back(x), list.reserve(3), list.emplace_back(x), list.assign(2, x), list.resize(3),
      list.clear();
  for (torch::Tensor& tensor : list) tensor = tensor + add(1) + *std::make_unique<int>(1);
  const std::vector<torch::Tensor> copies = list;
  std::vector<bool> flags(3, false);
  flags[1] = true, flags.push_back(flags[0]);
  std::vector<std::string> words{"a"};
  words.push_back(std::to_string(1) + std::to_string(1.0) + std::to_string(copies.size()));
  std::vector<std::pair<double, int64_t>> pairs{{1.0, 2}};
  pairs.emplace_back(1.0, 1), std::sort(pairs.begin(), pairs.end()),
      std::reverse(pairs.begin(), pairs.end());
  const std::optional<double> number = 1.0;
  const std::tuple<torch::Tensor, torch::Tensor> both = std::make_tuple(x, x);
  std::cout << words[0] << 1 << number.value() << *number << std::get<0>(both).sizes() << std::endl;
}

struct Twice : torch::autograd::Function<Twice> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const std::optional<torch::Tensor>& mask, bool flag, double scale) {
    context->save_for_backward({x, mask.value_or(torch::Tensor())});
    context->saved_data["flag"] = flag, context->saved_data["scale"] = scale;
    return x * 2;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const double scale = context->saved_data["scale"].toDouble();
    if (context->saved_data["flag"].toBool()) return {saved[0]};
    return {gradients[0] * scale, torch::Tensor(), torch::Tensor(), torch::Tensor()};
  }
};

inline torch::Tensor differentiate(torch::Tensor x) {
  x = Twice::apply(x, std::nullopt, true, 0.5);
  x = x.detach().clone().set_requires_grad(true);
  const torch::NoGradGuard guard;
  x.mul(2).sum().backward();
  x.requires_grad_(true), x.mutable_grad().zero_();
  if (!x.grad().defined()) x.mutable_grad() = torch::Tensor();
  return x.grad();
}

/// What decoding loops do with token sequences and candidates.
template <typename T>
inline bool order(std::vector<T> values) {
  const auto middle = values.begin() + 1;
  std::nth_element(values.begin(), middle, values.end(), std::greater<>());
  std::nth_element(values.begin(), middle, values.end());
  std::partial_sort(values.begin(), middle, values.end(), std::greater<>());
  std::stable_sort(values.begin(), values.end(), std::greater<>());
  std::stable_sort(values.begin(), values.end());
  std::rotate(values.begin(), middle, values.end());
  std::reverse(values.begin(), values.end());
  values.insert(values.end(), values.begin(), middle), values.erase(values.begin(), middle);
  values.erase(std::unique(values.begin(), values.end()), values.end()), values.pop_back();
  values.insert(values.begin(), values[0]), values.assign(values.begin(), middle);
  const std::vector<T> tail(values.end() - 1, values.end());
  const bool ends = std::equal(tail.rbegin(), tail.rend(), values.rbegin()) &&
                    std::equal(tail.begin(), tail.end(), values.begin());
  return ends && tail == values && tail < values &&
         std::find(tail.begin(), tail.end(), T(1)) != tail.end() &&
         std::count(tail.begin(), tail.end(), T(1)) ==
             *std::max_element(tail.begin(), tail.end()) &&
         std::search(tail.begin(), tail.end(), values.begin(), middle) == tail.end() &&
         std::upper_bound(tail.begin(), tail.end(), T(1)) !=
             std::lower_bound(tail.begin(), tail.end(), T(1)) &&
         std::min_element(tail.begin(), tail.end()) != tail.end();
}

inline bool sequences(std::vector<std::vector<int64_t>> tokens) {
  std::set<int64_t> seen(tokens[0].begin(), tokens[0].end());
  seen.insert(tokens[0].begin(), tokens[0].end()), seen.insert(1), seen.erase(1);
  std::map<int64_t, int64_t> counts;
  ++counts[1], counts.erase(1);
  std::set<const void*> visited{nullptr};
  std::vector<std::size_t> indices(3);
  std::iota(indices.begin(), indices.end(), 0);
  std::vector<std::vector<int64_t>> copies(tokens.begin(), tokens.end());
  copies = tokens, copies.push_back(tokens[0]), copies.emplace_back(), copies.resize(2);
  copies.insert(copies.end(), tokens[0]), copies.erase(copies.begin()), std::swap(copies, tokens);
  std::vector<torch::Tensor> rows(2);
  rows.insert(rows.end(), rows.begin(), rows.end()), rows.erase(rows.begin()), rows.clear();
  return order(tokens[0]) && order(indices) && order(std::vector<double>(3)) &&
         order(std::vector<float>(3)) &&
         seen.count(1) + visited.count(nullptr) + counts.count(1) > 0 && copies == tokens;
}

}  // namespace unaided_warm_up
