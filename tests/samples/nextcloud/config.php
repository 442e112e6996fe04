<?php
$CONFIG = array (
  'trusted_domains' => array (0 => 'cloud.example.org'),
  'version' => '31.0.5.1',
  'mail_smtpmode' => 'smtp',
  'mail_smtphost' => 'smtp.example.org',
  'mail_smtpport' => '465',
  'mail_smtpsecure' => 'ssl',
  'mail_smtpauth' => true,
  'mail_smtpname' => 'cloud@example.org',
  'mail_smtppassword' => getenv('SMTP_PASSWORD'),
  'mail_from_address' => 'cloud',
  'mail_domain' => 'example.org',
);
