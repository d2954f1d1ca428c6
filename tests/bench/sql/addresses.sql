select sum(octet_length(address)) from addresses;
