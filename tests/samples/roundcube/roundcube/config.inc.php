<?php

$config = [];

// Mail of the house
$config['imap_host'] = 'ssl://imap.example.org:993';
$config['smtp_host'] = 'ssl://smtp.example.org:465';
$config['smtp_user'] = '%u';
$config['smtp_pass'] = '%p';
$config['imap_conn_options'] = [
    'ssl' => ['verify_peer' => true, 'cafile' => '/etc/ssl/certs/ca-certificates.crt'],
];
$config['des_key'] = '__DES_KEY__';
$config['plugins'] = ['archive', 'managesieve'];
$config['managesieve_host'] = 'tls://imap.example.org';
