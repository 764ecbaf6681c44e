# ktgate_asio: Boost.Asio and Boost.Beast, which are headers, as all who use them have to have them.
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS headers)
find_package(Threads REQUIRED)

add_library(ktgate_asio INTERFACE)
target_link_libraries(ktgate_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(ktgate_asio INTERFACE
  BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_COROUTINE)
