# ktgate_asio: Boost.Asio and Boost.Beast. They are headers; what of them is not a template is compiled
# here once, instead of in every file that includes them.
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS headers)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Threads REQUIRED)

add_library(ktgate_asio STATIC ${CMAKE_CURRENT_LIST_DIR}/asio.cc)
target_link_libraries(ktgate_asio PUBLIC Boost::headers OpenSSL::SSL Threads::Threads)
target_compile_definitions(ktgate_asio PUBLIC
  BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_COROUTINE
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION)
