select sum(octet_length(registrable_domain(email_domain(address)))) from addresses;
