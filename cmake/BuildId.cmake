# cmake -D OUT=<stem> -D TEMPLATE=<file> -D FILES=<archives> -P BuildId.cmake: gives an executable a
# GNU build ID that its archives determine, so that others know the ID without having the executable.
# Writes OUT.rsp, an option for the linker, and OUT.cpp, in which @ESCAPED@ and @SIZE@ are the ID.

set(hashes "")
foreach(file IN LISTS FILES)
  file(SHA256 ${file} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA1 id "${hashes}")
string(REGEX REPLACE "(..)" "\\\\x\\1" ESCAPED ${id})
set(SIZE 20)
file(WRITE ${OUT}.rsp "-Wl,--build-id=0x${id}\n")
configure_file(${TEMPLATE} ${OUT}.cpp @ONLY)
