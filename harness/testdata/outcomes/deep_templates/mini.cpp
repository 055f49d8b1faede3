template <int depth>
struct Deep {
  static constexpr int value = Deep<depth - 1>::value + Deep<depth - 2>::value;
};
int deep = Deep<1000000>::value;
